#include "config/cross_checks.h"

#include "base/path.h"
#include "config/filter.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::config {
namespace {

const Value& value_or_map(const Value& map, std::string_view name)
{
    const Value* value = map.find(name);
    return value ? *value : map;
}

void check_names(const Config& config, const Value& mappings, Diagnostics& out)
{
    std::map<std::string_view, Place> first;
    for (std::size_t i = 0; i < config.mappings.size(); ++i) {
        const std::string& name = config.mappings[i].name;
        if (name.empty()) continue;  // reported already
        const Value& value = value_or_map(mappings.items[i], "name");
        const auto [there, fresh] = first.emplace(name, value.place);
        if (!fresh)
            out.expected(value.place, value.key, "a name of its own",
                         quoted(name) + " as in line " + std::to_string(there->second.line));
    }
}

// Two mappings that delete what the other one sends would undo each other for ever.
void check_destinations(const Config& config, const Value& mappings, Diagnostics& out)
{
    std::map<std::string, const Mapping*> owners;
    for (std::size_t i = 0; i < config.mappings.size(); ++i) {
        const Mapping& mapping = config.mappings[i];
        for (const Destination& destination : mapping.destinations) {
            DestinationUrl place = destination.url;
            place.user.clear();
            place.port_written = false;
            const auto [there, fresh] = owners.emplace(to_string(place), &mapping);
            const Mapping& other = *there->second;
            if (fresh || &other == &mapping) continue;
            if (mapping.remove == Delete::no && other.remove == Delete::no) continue;
            const Value& value = value_or_map(mappings.items[i], "destinations");
            out.error(value.place, value.key,
                      "'" + there->first + "' is a destination of mapping " + quoted(other.name) +
                          " too: each would delete what the other sends");
        }
    }
}

// Relative to the mapping's source, when it lies there and no rule excludes it.
std::optional<std::string> sent_path_of(std::string_view path, bool directory,
                                        const Mapping& mapping, const Filter& filter)
{
    std::string_view source = mapping.source;
    if (source == "/") source = {};  // so that "source/" is "/"
    if (!is_at_or_below(path, source)) return std::nullopt;
    path.remove_prefix(std::min(source.size() + 1, path.size()));
    if (!path.empty() && filter.excludes(path, directory)) return std::nullopt;
    return std::string(path);
}

// Every write of ours would be sent and cause the next.
void check_own_files(const Config& config, const Value& mappings, Diagnostics& out)
{
    struct OwnFile {
        std::string_view key;
        std::string_view path;
        bool directory;
    };
    std::vector<OwnFile> own{{"service.state_dir", config.service.state_dir, true},
                             {"service.status_socket", config.service.status_socket, false}};
    if (config.log.file) own.push_back({"log.file", *config.log.file, false});

    for (std::size_t i = 0; i < config.mappings.size(); ++i) {
        const Mapping& mapping = config.mappings[i];
        if (mapping.source.empty()) continue;
        const Filter filter(mapping.include, mapping.exclude);
        for (const OwnFile& file : own) {
            const auto path = sent_path_of(file.path, file.directory, mapping, filter);
            if (!path) continue;
            const Value& value = value_or_map(mappings.items[i], "source");
            out.error(value.place, value.key,
                      std::string(file.key) + " " + quoted(file.path) +
                          " lies inside: move it, or exclude " + quoted("/" + *path));
        }
    }
}

// What is sent into the source would be sent again for ever; and of what encloses the source, the
// source itself would be what is not in it.
void check_local_destinations(const Config& config, const Value& mappings, Diagnostics& out)
{
    for (std::size_t i = 0; i < config.mappings.size(); ++i) {
        const Mapping& mapping = config.mappings[i];
        if (mapping.source.empty()) continue;
        const Filter filter(mapping.include, mapping.exclude);
        for (const Destination& destination : mapping.destinations) {
            if (destination.url.scheme != Scheme::file) continue;
            const std::string& path = destination.url.path;
            const Value& value = value_or_map(mappings.items[i], "destinations");
            if (is_at_or_below(mapping.source, path)) {
                out.error(value.place, value.key,
                          "the source " + quoted(mapping.source) + " lies inside the destination " +
                              quoted(path));
                continue;
            }
            const auto below = sent_path_of(path, true, mapping, filter);
            if (!below) continue;
            out.error(value.place, value.key,
                      "the destination " + quoted(path) +
                          " lies inside the source: move it, or exclude " + quoted("/" + *below));
        }
    }
}

}  // namespace

void check_across(const Config& config, const Value& mappings, Diagnostics& out)
{
    check_names(config, mappings, out);
    check_destinations(config, mappings, out);
    check_own_files(config, mappings, out);
    check_local_destinations(config, mappings, out);
}

}  // namespace lockstep::config
