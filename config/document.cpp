#include "config/document.h"

#include "base/path.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <unordered_set>
#include <utility>
#include <vector>

namespace lockstep::config {
namespace {

Place place_of(const YAML::Mark& mark)
{
    if (mark.line < 0 || mark.column < 0) return {};
    return {static_cast<std::size_t>(mark.line) + 1, static_cast<std::size_t>(mark.column) + 1};
}

// Ends the reading; caught below.
struct Stop {
    Place place;
    std::string why;
};

// Builds values from the parser's events and not from its node graph: aliases are resolved under a
// bound, and a graph may have cycles.
class Builder : public YAML::EventHandler {
public:
    explicit Builder(Diagnostics& out) : out_(out) {}

    Value take() { return std::move(root_); }

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override
    {
        add(scalar(Value::Kind::null, mark), anchor);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override
    {
        const auto found = anchors_.find(anchor);
        if (found == anchors_.end())
            throw Stop{place_of(mark), "an alias inside of what it stands for"};
        count(found->second.values, place_of(mark));
        Value copy = found->second.value;
        place(std::move(copy), found->second.values);
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& text) override
    {
        Value value = scalar(Value::Kind::scalar, mark);
        value.text = text;
        value.quoted = tag != "?";
        if (tag != "?" && tag != "!" && tag != "tag:yaml.org,2002:str") refuse_tag(mark, tag);
        add(std::move(value), anchor);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override
    {
        if (tag != "?" && !tag.empty()) refuse_tag(mark, tag);
        open(Value::Kind::list, mark, anchor);
    }

    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override
    {
        if (tag != "?" && !tag.empty()) refuse_tag(mark, tag);
        open(Value::Kind::map, mark, anchor);
    }

    void OnSequenceEnd() override { close(); }
    void OnMapEnd() override { close(); }

private:
    struct Open {
        Value value;
        YAML::anchor_t anchor = 0;
        std::size_t values = 1;  // in it, itself counted
        bool has_key = false;
        bool drop_value = false;  // of a key that was there before
        std::unordered_set<std::string> seen{};
    };
    struct Anchored {
        Value value;
        std::size_t values = 1;
    };

    [[noreturn]] static void refuse_tag(const YAML::Mark& mark, const std::string& tag)
    {
        throw Stop{place_of(mark), "tags are not used here, found " + quoted(tag)};
    }

    static Value scalar(Value::Kind kind, const YAML::Mark& mark)
    {
        Value value;
        value.kind = kind;
        value.place = place_of(mark);
        return value;
    }

    void count(std::size_t values, Place where)
    {
        values_ += values;
        if (values_ > document_values_max)
            throw Stop{where, "more than " + std::to_string(document_values_max) + " values"};
    }

    void open(Value::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor)
    {
        const Place where = place_of(mark);
        count(1, where);
        if (open_.size() == document_depth_max)
            throw Stop{where,
                       "nested deeper than " + std::to_string(document_depth_max) + " levels"};
        open_.push_back(Open{scalar(kind, mark), anchor});
    }

    void close()
    {
        Open done = std::move(open_.back());
        open_.pop_back();
        if (done.anchor != 0) anchors_[done.anchor] = {done.value, done.values};
        place(std::move(done.value), done.values);
    }

    void add(Value value, YAML::anchor_t anchor)
    {
        count(1, value.place);
        if (anchor != 0) anchors_[anchor] = {value, 1};
        place(std::move(value), 1);
    }

    // Where the innermost open list or map wants its next.
    void place(Value value, std::size_t values)
    {
        if (open_.empty()) {
            root_ = std::move(value);
            return;
        }
        Open& parent = open_.back();
        parent.values += values;
        if (parent.value.kind == Value::Kind::list) {
            parent.value.items.push_back(std::move(value));
        } else if (!parent.has_key) {
            add_key(parent, value);
        } else {
            // The mark of an empty value is that of whatever follows it.
            if (value.kind == Value::Kind::null) value.place = parent.value.names.back().place;
            parent.has_key = false;
            if (std::exchange(parent.drop_value, false))
                parent.value.names.pop_back();
            else
                parent.value.items.push_back(std::move(value));
        }
    }

    void add_key(Open& parent, const Value& key)
    {
        if (key.kind != Value::Kind::scalar)
            throw Stop{key.place, "expected a key, found " + described(key)};
        parent.has_key = true;
        parent.value.names.push_back({key.text, key.place});
        if (parent.seen.insert(key.text).second) return;
        parent.drop_value = true;
        out_.error(key.place, "", "key " + described(key) + " is there twice in one map");
    }

    Diagnostics& out_;
    Value root_;
    std::vector<Open> open_;
    std::map<YAML::anchor_t, Anchored> anchors_;
    std::size_t values_ = 0;
};

// Only now: what an alias stands for has one key for each place it is used in.
void name_keys(Value& value, const std::string& key)
{
    constexpr std::size_t shown_max = 60;  // of one name: a key may be megabytes long
    value.key = key;
    for (std::size_t i = 0; i < value.items.size(); ++i) {
        if (value.kind == Value::Kind::list) {
            name_keys(value.items[i], key + '[' + std::to_string(i) + ']');
        } else {
            const std::string name = escaped(value.names[i].text.substr(0, shown_max));
            std::string below = key;
            if (!below.empty()) below += '.';
            below += name;
            name_keys(value.items[i], below);
        }
    }
}

}  // namespace

std::optional<Value> read_document(const std::string& text, Diagnostics& out)
{
    if (text.size() > document_bytes_max) {
        out.error({}, "", "file larger than " + std::to_string(document_bytes_max) + " bytes");
        return std::nullopt;
    }
    try {
        std::istringstream stream(text);
        YAML::Parser parser(stream);
        Builder builder(out);
        if (!parser.HandleNextDocument(builder)) return Value();
        Value root = builder.take();
        Builder second(out);
        if (parser.HandleNextDocument(second))
            throw Stop{second.take().place, "expected one document, found a second one"};
        name_keys(root, "");
        return root;
    } catch (const Stop& stop) {
        out.error(stop.place, "", stop.why);
    } catch (const YAML::Exception& error) {
        out.error(place_of(error.mark), "", "YAML: " + escaped(error.msg));
    }
    return std::nullopt;
}

}  // namespace lockstep::config
