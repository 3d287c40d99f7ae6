#include "base/beneath.h"

#include "base/error.h"
#include "base/path.h"

#include <climits>

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>

namespace lockstep {
namespace {

int openat2(int directory, const char* path, const open_how& how)
{
    return static_cast<int>(::syscall(SYS_openat2, directory, path, &how, sizeof how));
}

}  // namespace

Beneath::Beneath(const std::string& absolute, bool one_file_system,
                 const std::vector<std::string>& follow)
    : root_(::open(absolute.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
      one_file_system_(one_file_system)
{
    struct stat status {};
    if (!root_ || ::fstat(root_.get(), &status) != 0)
        throw_errno(ErrorKind::source, Remedy::retry, "open", absolute, errno);
    device_ = status.st_dev;
    std::vector<std::string> outermost_first(follow);
    std::sort(outermost_first.begin(), outermost_first.end(),
              [](const auto& a, const auto& b) { return a.size() < b.size(); });
    for (std::string& path : outermost_first) {
        const Opened parent = open(parent_of(path), O_PATH | O_DIRECTORY);
        if (parent.fd) followed_.add(std::move(path), parent.fd.get());
    }
}

Beneath::Place Beneath::place_of(std::string_view path) const noexcept
{
    const FollowedLinks::Link* link = followed_.above(path);
    if (link == nullptr) return {root_.get(), path};
    if (link->error != 0) return {-1, path, link->error};
    path.remove_prefix(std::min(link->path.size() + 1, path.size()));
    return {link->directory.get(), path};
}

dev_t Beneath::device_at(std::string_view path) const noexcept
{
    const FollowedLinks::Link* link = followed_.above(path);
    return link != nullptr ? link->device : device_;
}

Opened Beneath::open(std::string_view path, int flags) const
{
    const Place place = place_of(path);
    if (place.error != 0) return {Fd(), place.error};
    const std::string terminated = place.path.empty() ? std::string(".") : std::string(place.path);
    return open_at(place.directory, terminated.c_str(), flags);
}

Opened Beneath::open_at(int directory, const char* path, int flags) const
{
    open_how how{};
    how.flags = static_cast<std::uint64_t>(flags | O_NOFOLLOW | O_CLOEXEC);
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    if (one_file_system_) how.resolve |= RESOLVE_NO_XDEV;
    Opened opened;
    do {
        opened.fd = Fd(openat2(directory, path, how));
    } while (!opened.fd && (errno == EINTR || errno == EAGAIN));
    if (!opened.fd) opened.error = errno;
    return opened;
}

Opened Beneath::open_file(std::string_view path) const
{
    struct stat before {};
    if (const int error = status(path, before); error != 0) return {Fd(), error};
    const Place place = place_of(path);
    const std::string terminated(place.path);
    return open_regular(place.directory, terminated.c_str(), before);
}

Opened Beneath::open_file_in(const Fd& directory, const std::string& name) const
{
    struct stat before {};
    if (::fstatat(directory.get(), name.c_str(), &before, AT_SYMLINK_NOFOLLOW) != 0)
        return {Fd(), errno};
    return open_regular(directory.get(), name.c_str(), before);
}

Opened Beneath::open_seen_in(const Fd& directory, const std::string& name, struct stat& now) const
{
    return open_seen(directory.get(), name.c_str(), now);
}

// The type is known before the open: opening a device or a FIFO, even without blocking, can have
// effects. What is swapped in between is caught by the second look.
Opened Beneath::open_regular(int directory, const char* path, const struct stat& before) const
{
    if (S_ISLNK(before.st_mode)) return {Fd(), ELOOP};
    if (S_ISDIR(before.st_mode)) return {Fd(), EISDIR};
    if (!S_ISREG(before.st_mode)) return {Fd(), EINVAL};
    struct stat now {};
    return open_seen(directory, path, now);
}

Opened Beneath::open_seen(int directory, const char* path, struct stat& now) const
{
    Opened opened = open_at(directory, path, O_RDONLY | O_NONBLOCK | O_NOATIME);
    if (opened.error == EPERM)  // not the owner
        opened = open_at(directory, path, O_RDONLY | O_NONBLOCK);
    if (!opened.fd) return opened;
    if (::fstat(opened.fd.get(), &now) != 0) return {Fd(), errno};
    if (!S_ISREG(now.st_mode)) return {Fd(), EINVAL};
    return opened;
}

Opened Beneath::open_directory(std::string_view path) const
{
    return open(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
}

Opened Beneath::open_path(std::string_view path) const
{
    return open(path, O_PATH);
}

int Beneath::status(std::string_view path, struct stat& status) const
{
    const Place place = place_of(path);
    if (place.error != 0) return place.error;
    if (place.path.empty()) return ::fstat(place.directory, &status) == 0 ? 0 : errno;
    // The parent is reached safely; the last component is looked at without following it, so that a
    // mount point answers even where RESOLVE_NO_XDEV would refuse to enter it.
    const std::string parent(parent_of(place.path));
    int directory = place.directory;
    Opened opened;
    if (!parent.empty()) {
        opened = open_at(place.directory, parent.c_str(), O_PATH | O_DIRECTORY);
        if (!opened.fd) return opened.error;
        directory = opened.fd.get();
    }
    const std::string name(name_of_path(place.path));
    return ::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : errno;
}

int Beneath::read_link(std::string_view path, std::string& target) const
{
    const Opened opened = open(path, O_PATH);
    if (!opened.fd) return opened.error;
    target.resize(PATH_MAX);
    const ssize_t length = ::readlinkat(opened.fd.get(), "", target.data(), target.size());
    if (length < 0) return errno == ENOENT ? EINVAL : errno;  // ENOENT: not a symlink any more
    target.resize(static_cast<std::size_t>(length));
    return 0;
}

int Beneath::list(std::string_view path, std::vector<DirEntry>& entries) const
{
    const Opened opened = open_directory(path);
    if (!opened.fd) return opened.error;
    return list(opened.fd, path, entries);
}

// Without opendir(3), which takes a copy of the descriptor and a buffer from the heap: as much
// again as the listing itself where directories are small and many.
int Beneath::list(const Fd& opened, std::string_view path, std::vector<DirEntry>& entries) const
{
    alignas(dirent64) std::array<std::byte, 32 * 1024> buffer;
    for (;;) {
        const ssize_t got = ::getdents64(opened.get(), buffer.data(), buffer.size());
        if (got <= 0) return got == 0 ? 0 : errno;
        for (ssize_t at = 0; at < got;) {
            const auto* next = reinterpret_cast<const dirent64*>(buffer.data() + at);
            at += next->d_reclen;
            const std::string_view name = next->d_name;
            if (name == "." || name == "..") continue;
            struct stat status;
            if (::fstatat(opened.get(), next->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
                if (errno != ENOENT) return errno;
                continue;
            }
            entries.push_back({std::string(name), status});
            if (!S_ISLNK(status.st_mode) || followed_.empty()) continue;
            const std::string link = join(path, name);
            if (follows(link)) entries.back().error = this->status(link, entries.back().status);
        }
    }
}

}  // namespace lockstep
