#include "config/fields.h"

#include "base/path.h"

#include <algorithm>
#include <charconv>

namespace lockstep::config {
namespace {

void expected(const Value& value, std::string_view what, Diagnostics& out)
{
    out.expected(value.place, value.key, what, described(value));
}

// Where a plain word was wanted: "true" between quotes is text.
void expected_plain(const Value& value, std::string_view what, Diagnostics& out)
{
    const bool text = value.kind == Value::Kind::scalar && value.quoted;
    out.expected(value.place, value.key, what, (text ? "the text " : "") + described(value));
}

// "a, b or c"
std::string alternatives(std::span<const std::string_view> names)
{
    std::string text;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (i > 0) text += i + 1 == names.size() ? " or " : ", ";
        text += names[i];
    }
    return text;
}

}  // namespace

std::optional<std::string> read_text(const Value& value, std::string_view what, Diagnostics& out)
{
    const bool fits = value.kind == Value::Kind::scalar && !value.text.empty() &&
                      value.text.find('\0') == std::string::npos;
    if (fits) return value.text;
    expected(value, what, out);
    return std::nullopt;
}

std::optional<std::vector<std::string>> read_texts(const Value& value, std::string_view what,
                                                   Diagnostics& out)
{
    if (value.kind != Value::Kind::list) {
        expected(value, "a list of " + std::string(what) + " ([] for none)", out);
        return std::nullopt;
    }
    if (value.items.size() > list_items_max) {
        out.expected(
            value.place, value.key,
            "a list of at most " + std::to_string(list_items_max) + " " + std::string(what),
            std::to_string(value.items.size()));
        return std::nullopt;
    }
    std::vector<std::string> texts;
    bool fits = true;
    for (const Value& item : value.items) {
        std::optional<std::string> text = read_text(item, "one of " + std::string(what), out);
        fits = fits && text;
        if (text) texts.push_back(std::move(*text));
    }
    if (!fits) return std::nullopt;
    return texts;
}

std::optional<std::uint64_t> read_number(const Value& value, std::uint64_t min, std::uint64_t max,
                                         Diagnostics& out)
{
    std::uint64_t number = 0;
    const char* const end = value.text.data() + value.text.size();
    const auto [rest, error] = std::from_chars(value.text.data(), end, number);
    const bool fits = value.kind == Value::Kind::scalar && !value.quoted && rest == end &&
                      error == std::errc() && number >= min && number <= max;
    if (fits) return number;
    expected_plain(
        value, "a whole number from " + std::to_string(min) + " to " + std::to_string(max), out);
    return std::nullopt;
}

bool is_plain_word(const Value& value, std::string_view word)
{
    return value.kind == Value::Kind::scalar && !value.quoted && value.text == word;
}

Fields::Fields(const Value* own, const Value* fallback, const Value& at, Diagnostics& out)
    : own_(own), fallback_(fallback), at_(&at), out_(&out)
{
    for (const Value** map : {&own_, &fallback_}) {
        if (!*map || (*map)->kind == Value::Kind::map) continue;
        if ((*map)->kind != Value::Kind::null) expected(**map, "a map", out);
        *map = nullptr;
    }
}

void Fields::ask(std::string_view name)
{
    if (std::find(asked_.begin(), asked_.end(), name) == asked_.end()) asked_.push_back(name);
}

const Value* Fields::find(std::string_view name)
{
    const Value* value = find_own(name);
    return value || !fallback_ ? value : fallback_->find(name);
}

const Value* Fields::find_own(std::string_view name)
{
    ask(name);
    return own_ ? own_->find(name) : nullptr;
}

Fields Fields::map(std::string_view name)
{
    ask(name);
    const Value* own = own_ ? own_->find(name) : nullptr;
    const Value* fallback = fallback_ ? fallback_->find(name) : nullptr;
    if (own && own->kind != Value::Kind::map) fallback = nullptr;
    const Value* at = own ? own : fallback;
    return {own, fallback, at ? *at : *at_, *out_};
}

void Fields::flag(std::string_view name, bool& target)
{
    const Value* value = find(name);
    if (!value) return;
    if (is_plain_word(*value, "true"))
        target = true;
    else if (is_plain_word(*value, "false"))
        target = false;
    else
        expected_plain(*value, "true or false", *out_);
}

void Fields::text(std::string_view name, std::string_view what, std::string& target)
{
    const Value* value = find(name);
    if (!value) return;
    if (auto read = read_text(*value, what, *out_)) target = std::move(*read);
}

void Fields::texts(std::string_view name, std::string_view what, std::vector<std::string>& target)
{
    const Value* value = find(name);
    if (!value) return;
    if (auto read = read_texts(*value, what, *out_)) target = std::move(*read);
}

void Fields::duration(std::string_view name, DurationRange range, std::chrono::milliseconds& target)
{
    const Value* value = find(name);
    if (!value) return;
    const auto read =
        value->kind == Value::Kind::scalar ? parse_duration(value->text) : std::nullopt;
    if (!read)
        expected(*value, "a duration such as 250ms, 5s, 10m, 2h or 1d", *out_);
    else if (*read < range.min || *read > range.max)
        expected(
            *value,
            "a duration from " + format_duration(range.min) + " to " + format_duration(range.max),
            *out_);
    else
        target = *read;
}

void Fields::absolute_path(std::string_view name, std::optional<std::string>& target)
{
    const Value* value = find(name);
    if (!value) return;
    if (value->kind == Value::Kind::null) {
        target.reset();
        return;
    }
    constexpr std::string_view what = "an absolute path without '.', '..' and control characters";
    const auto text = read_text(*value, what, *out_);
    if (!text) return;
    if (auto path = tidy_absolute_path(*text))
        target = std::move(path);
    else
        expected(*value, what, *out_);
}

void Fields::report_choice(const Value& value, std::span<const std::string_view> names)
{
    std::string found = described(value);
    if (value.kind == Value::Kind::scalar) found += did_you_mean(value.text, names);
    out_->expected(value.place, value.key, alternatives(names), found);
}

void Fields::missing(std::string_view name, std::string_view what)
{
    const std::string key =
        at_->key.empty() ? std::string(name) : at_->key + '.' + std::string(name);
    out_->expected(at_->place, key, what, "nothing");
}

void Fields::finish() const
{
    constexpr std::size_t listed_max = 8;
    if (!own_) return;
    for (std::size_t i = 0; i < own_->names.size(); ++i) {
        const Value::Name& name = own_->names[i];
        if (std::find(asked_.begin(), asked_.end(), name.text) != asked_.end()) continue;
        Value shown;
        shown.kind = Value::Kind::scalar;
        shown.text = name.text;
        std::string hint = did_you_mean(name.text, asked_);
        if (hint.empty() && asked_.size() <= listed_max)
            hint = " (known here: " + alternatives(asked_) + ")";
        out_->expected(name.place, own_->items[i].key, "a known key", described(shown) + hint);
    }
}

const Value& Fields::value_or_map(std::string_view name) const
{
    const Value* value = own_ ? own_->find(name) : nullptr;
    if (!value && fallback_) value = fallback_->find(name);
    return value ? *value : *at_;
}

void Fields::refuse(std::string_view name, std::string_view wanted) const
{
    expected(value_or_map(name), wanted, *out_);
}

std::optional<std::string> tidy_absolute_path(std::string_view text)
{
    if (!text.starts_with('/')) return std::nullopt;
    std::string path;
    while (!text.empty()) {
        const std::size_t slash = std::min(text.find('/'), text.size());
        const std::string_view name = text.substr(0, slash);
        text.remove_prefix(std::min(slash + 1, text.size()));
        if (name.empty()) continue;
        if (name == "." || name == "..") return std::nullopt;
        const bool control = std::any_of(name.begin(), name.end(), [](char c) {
            return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
        });
        if (control) return std::nullopt;
        (path += '/') += name;
    }
    return path.empty() ? "/" : path;
}

}  // namespace lockstep::config
