#include "base/followed_links.h"

#include "base/path.h"

#include <fcntl.h>

#include <cerrno>
#include <utility>

namespace lockstep {

const FollowedLinks::Link* FollowedLinks::at(std::string_view path) const noexcept
{
    for (const Link& link : links_)
        if (link.path == path) return &link;
    return nullptr;
}

const FollowedLinks::Link* FollowedLinks::above(std::string_view path) const noexcept
{
    const Link* innermost = nullptr;
    for (const Link& link : links_)
        if (is_at_or_below(path, link.path) &&
            (innermost == nullptr || link.path.size() > innermost->path.size()))
            innermost = &link;
    return innermost;
}

void FollowedLinks::add(std::string path, int parent)
{
    const std::string name(name_of_path(path));
    struct stat status {};
    if (::fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return;
    if (!S_ISLNK(status.st_mode)) return;

    Link link{.path = std::move(path), .directory = {}};
    link.directory = Fd(::openat(parent, name.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (link.directory && ::fstat(link.directory.get(), &status) == 0) {
        link.device = status.st_dev;
        links_.push_back(std::move(link));
        return;
    }
    const int error = errno;
    if (error == ENOTDIR && ::fstatat(parent, name.c_str(), &status, 0) == 0) return;
    const bool nowhere = error == ENOENT || error == ENOTDIR || error == ELOOP;
    link.error = nowhere ? ENOLINK : error;
    links_.push_back(std::move(link));
}

}  // namespace lockstep
