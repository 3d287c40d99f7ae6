#include "watcher/mounts.h"

#include "base/path.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <iterator>
#include <memory>

namespace lockstep::watcher {
namespace {

// Blanks, newlines and backslashes stand as \ooo in mountinfo.
std::string unescaped(std::string_view text)
{
    const auto digit = [&](std::size_t at) {
        return at < text.size() && text[at] >= '0' && text[at] <= '7';
    };
    std::string path;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '\\' && digit(at + 1) && digit(at + 2) && digit(at + 3)) {
            path += static_cast<char>((text[at + 1] - '0') * 64 + (text[at + 2] - '0') * 8 +
                                      (text[at + 3] - '0'));
            at += 3;
        } else {
            path += text[at];
        }
    }
    return path;
}

std::string_view next_field(std::string_view& line)
{
    const std::size_t end = std::min(line.find(' '), line.size());
    const std::string_view field = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    return field;
}

}  // namespace

MountSet mounts_below(std::string_view mountinfo, std::string_view directory)
{
    MountSet mounts;
    const std::string_view prefix = directory == "/" ? std::string_view() : directory;
    while (!mountinfo.empty()) {
        const std::size_t end = std::min(mountinfo.find('\n'), mountinfo.size());
        std::string_view line = mountinfo.substr(0, end);
        mountinfo.remove_prefix(std::min(end + 1, mountinfo.size()));
        const std::string_view id = next_field(line);
        for (int skipped = 0; skipped < 3; ++skipped) next_field(line);  // parent, device, root
        const std::string point = unescaped(next_field(line));
        if (point.size() > prefix.size() + 1 && point.starts_with(prefix) &&
            point[prefix.size()] == '/')
            mounts.emplace(point.substr(prefix.size() + 1), id);
    }
    return mounts;
}

Mounts::Mounts() : mountinfo_(::open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC)) {}

void Mounts::follow(const std::string& source)
{
    const std::unique_ptr<char, decltype(&::free)> canonical(::realpath(source.c_str(), nullptr),
                                                             &::free);
    directory_ = canonical ? canonical.get() : source;
    seen_ = read();
}

std::vector<std::string> Mounts::changed()
{
    MountSet now = read();
    MountSet differences;
    std::set_symmetric_difference(seen_.begin(), seen_.end(), now.begin(), now.end(),
                                  std::inserter(differences, differences.end()));
    seen_ = std::move(now);
    std::vector<std::string> paths;
    for (const auto& [path, id] : differences)
        if (paths.empty() || paths.back() != path) paths.push_back(path);
    return paths;
}

MountSet Mounts::read() const
{
    if (!mountinfo_) return {};
    // A descriptor of its own: the polled one keeps its place at the beginning.
    const Fd file(::open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC));
    std::string text;
    std::array<char, 16384> buffer{};
    for (;;) {
        const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
        if (got <= 0) break;
        text.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return mounts_below(text, directory_);
}

}  // namespace lockstep::watcher
