#include "config/read_mapping.h"

#include "config/mapping_keys.h"
#include "config/patterns.h"
#include "config/read_destination.h"

#include <algorithm>
#include <array>

namespace lockstep::config {
namespace {

constexpr std::array<std::string_view, 3> identity_keys{"name", "source", "destinations"};

bool is_name(std::string_view text)
{
    constexpr std::size_t name_bytes_max = 100;
    constexpr std::string_view allowed =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
    return text.size() <= name_bytes_max && text != "." && text != ".." &&
           text.find_first_not_of(allowed) == std::string_view::npos;
}

void read_name(Fields& fields, std::string& target)
{
    constexpr std::string_view what = "a name of letters, digits, '_', '.' and '-' (at most 100)";
    const Value* value = fields.find_own("name");
    if (!value) return fields.missing("name", what);
    const auto text = read_text(*value, what, fields.out());
    if (!text) return;
    if (is_name(*text))
        target = *text;
    else
        fields.out().expected(value->place, value->key, what, described(*value));
}

void read_source(Fields& fields, std::string& target)
{
    constexpr std::string_view what = "the absolute path of a directory, without '.' and '..'";
    const Value* value = fields.find_own("source");
    if (!value) return fields.missing("source", what);
    const auto text = read_text(*value, what, fields.out());
    if (!text) return;
    if (const auto path = tidy_absolute_path(*text))
        target = *path;
    else
        fields.out().expected(value->place, value->key, what, described(*value));
}

void read_destinations(Fields& fields, std::vector<Destination>& target)
{
    constexpr std::string_view what = "a list of at least one destination";
    constexpr std::size_t destinations_max = 64;
    const Value* list = fields.find_own("destinations");
    if (!list) return fields.missing("destinations", what);
    Diagnostics& out = fields.out();
    if (list->kind != Value::Kind::list || list->items.empty())
        return out.expected(list->place, list->key, what,
                            list->kind == Value::Kind::list ? "an empty one" : described(*list));
    if (list->items.size() > destinations_max)
        return out.expected(list->place, list->key, "at most 64 destinations",
                            std::to_string(list->items.size()));
    for (const Value& item : list->items) {
        auto destination = read_destination(item, out);
        if (!destination) continue;
        const bool twice = std::any_of(target.begin(), target.end(), [&](const Destination& other) {
            return same_place(other.url, destination->url);
        });
        if (twice)
            out.error(item.place, item.key,
                      "destination '" + to_string(destination->url) + "' is there twice");
        target.push_back(std::move(*destination));
    }
}

}  // namespace

Mapping read_mapping(const Value& own, const Value* defaults, Diagnostics& out)
{
    Mapping mapping;
    Fields fields(&own, defaults, own, out);
    if (own.kind != Value::Kind::map) {
        if (own.kind == Value::Kind::null)
            out.expected(own.place, own.key, "a map with name, source and destinations", "nothing");
        return mapping;
    }
    read_name(fields, mapping.name);
    read_source(fields, mapping.source);
    read_destinations(fields, mapping.destinations);
    read_mapping_keys(fields, mapping);
    fields.finish();
    for (const std::string_view key : {"include", "exclude"})
        if (const Value* list = fields.find(key)) check_patterns(*list, mapping.source, out);
    return mapping;
}

void check_defaults(const Value& defaults, Diagnostics& out)
{
    Mapping mapping;
    Fields fields(&defaults, nullptr, defaults, out);
    for (const std::string_view key : identity_keys)
        if (const Value* value = fields.find(key))
            out.error(value->place, value->key,
                      "expected in each mapping, found in defaults: " + std::string(key) +
                          " cannot be the same for all");
    read_mapping_keys(fields, mapping);
    for (const std::string_view key : destination_keys)
        if (const Value* value = fields.find(key))
            out.error(value->place, value->key,
                      "expected below a destination, found in defaults: " + std::string(key) +
                          " is no key of a mapping");
    fields.finish();
    for (const std::string_view key : {"include", "exclude"})
        if (const Value* list = fields.find(key)) check_patterns(*list, "", out);
}

}  // namespace lockstep::config
