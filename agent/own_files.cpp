#include "agent/own_files.h"

#include "agent/push_job.h"
#include "base/path.h"

#include <sys/stat.h>

#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

namespace lockstep::agent {
namespace {

std::optional<std::string> resolved(const std::string& path)
{
    const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr),
                                                           &std::free);
    if (!real) return std::nullopt;
    return std::string(real.get());
}

// Where it is, or will be once it is made.
std::string place_of(const std::string& path)
{
    std::string below;
    for (std::string up = path; !up.empty(); up = std::string(parent_of(up))) {
        if (const std::optional<std::string> real = resolved(up)) return *real + below;
        below.insert(0, name_of_path(up)).insert(0, 1, '/');
    }
    return path;
}

// `place` relative to the directory of that identity, when it lies in it: the kernel's numbers see
// through bind mounts.
std::optional<std::string> below_directory(const std::string& place, const struct stat& directory)
{
    for (std::string_view up = place; !up.empty(); up = parent_of(up)) {
        struct stat status {};
        if (::stat(std::string(up).c_str(), &status) != 0) continue;
        if (status.st_dev == directory.st_dev && status.st_ino == directory.st_ino)
            return place.substr(std::min(up.size() + 1, place.size()));
    }
    return std::nullopt;
}

// What is sent into the source would be sent again for ever; and of what encloses the source, the
// source itself would be what is not in it.
void add_nested(const config::Mapping& mapping, const config::Filter& filter,
                const struct stat& source, std::vector<std::string>& sentences)
{
    for (const config::Destination& destination : mapping.destinations) {
        if (destination.url.scheme != config::Scheme::file) continue;
        const std::string& path = destination.url.path;
        const std::string both = "mapping " + mapping.name + ": the destination " + quoted(path);
        const std::optional<std::string> below = below_directory(place_of(path), source);
        if (below && (below->empty() || !filter.excludes(*below, true))) {
            sentences.push_back(both + " lies inside the source " + quoted(mapping.source) +
                                ": move it, or exclude " + quoted("/" + *below));
            continue;
        }
        struct stat there {};
        if (::stat(path.c_str(), &there) == 0 && below_directory(place_of(mapping.source), there))
            sentences.push_back(both + " holds the source " + quoted(mapping.source));
    }
}

}  // namespace

std::vector<std::string> own_files_inside(const config::Config& config)
{
    struct OwnFile {
        std::string key;
        std::string path;
        bool directory;
    };
    std::vector<OwnFile> own{{"service.state_dir", config.service.state_dir, true},
                             {"service.status_socket", config.service.status_socket, false}};
    if (config.log.file) own.push_back({"log.file", *config.log.file, false});

    std::vector<std::string> sentences;
    for (const config::Mapping& mapping : config.mappings) {
        struct stat source {};
        if (::stat(mapping.source.c_str(), &source) != 0) continue;
        const std::shared_ptr<const config::Filter> filter = filter_of(mapping);
        for (const OwnFile& file : own) {
            const std::optional<std::string> path = below_directory(place_of(file.path), source);
            if (!path || (!path->empty() && filter->excludes(*path, file.directory))) continue;
            sentences.push_back("mapping " + mapping.name + ": " + file.key + " " +
                                quoted(file.path) + " lies inside the source " +
                                quoted(mapping.source) + ": move it, or exclude " +
                                quoted("/" + *path));
        }
        add_nested(mapping, *filter, source, sentences);
    }
    return sentences;
}

}  // namespace lockstep::agent
