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

// The source, or what a link in it leads to.
struct Root {
    std::string path;  // "" or the link
    std::string directory;
    struct stat status {};

    // Relative to the source, when it lies below and rules do not hide it there.
    std::optional<std::string> holds(const std::string& place, bool directory_there,
                                     const config::Filter& filter) const
    {
        const std::optional<std::string> below = below_directory(place_of(place), status);
        if (!below) return std::nullopt;
        std::string whole = below->empty() ? path : join(path, *below);
        if (!whole.empty() && filter.excludes(whole, directory_there)) return std::nullopt;
        return whole;
    }
};

// What is sent into the source would be sent again for ever; and of what encloses the source, the
// source itself would be what is not in it.
void add_nested(const config::Mapping& mapping, const config::Filter& filter, const Root& root,
                std::vector<std::string>& sentences)
{
    for (const config::Destination& destination : mapping.destinations) {
        if (destination.url.scheme != config::Scheme::file) continue;
        const std::string& path = destination.url.path;
        const std::string both = "mapping " + mapping.name + ": the destination " + quoted(path);
        if (const auto below = root.holds(path, true, filter)) {
            sentences.push_back(both + " lies inside the source " + quoted(root.directory) +
                                ": move it, or exclude " + quoted("/" + *below));
            continue;
        }
        struct stat there {};
        if (::stat(path.c_str(), &there) == 0 && below_directory(place_of(root.directory), there))
            sentences.push_back(both + " holds the source " + quoted(root.directory));
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
        const std::shared_ptr<const config::Filter> filter = filter_of(mapping);
        std::vector<std::string> paths{std::string()};
        paths.insert(paths.end(), mapping.follow.begin(), mapping.follow.end());
        for (const std::string& path : paths) {
            Root root{path, path.empty() ? mapping.source : mapping.source + '/' + path};
            if (::stat(root.directory.c_str(), &root.status) != 0) continue;
            for (const OwnFile& file : own) {
                const auto below = root.holds(file.path, file.directory, *filter);
                if (!below) continue;
                sentences.push_back("mapping " + mapping.name + ": " + file.key + " " +
                                    quoted(file.path) + " lies inside the source " +
                                    quoted(root.directory) + ": move it, or exclude " +
                                    quoted("/" + *below));
            }
            add_nested(mapping, *filter, root, sentences);
        }
    }
    return sentences;
}

}  // namespace lockstep::agent
