#include "base/beneath.h"

#include "base/error.h"
#include "base/path.h"

#include <climits>

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

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

Beneath::Beneath(const std::string& absolute, bool one_file_system)
    : root_(::open(absolute.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
      one_file_system_(one_file_system)
{
    if (!root_) throw_errno(ErrorKind::source, Remedy::retry, "open", absolute, errno);
}

Opened Beneath::open(std::string_view path, int flags) const
{
    const std::string terminated = path.empty() ? std::string(".") : std::string(path);
    return open_at(root_.get(), terminated.c_str(), flags);
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
    const std::string terminated(path);
    return open_regular(root_.get(), terminated.c_str(), before);
}

Opened Beneath::open_file_in(const Fd& directory, const std::string& name) const
{
    struct stat before {};
    if (::fstatat(directory.get(), name.c_str(), &before, AT_SYMLINK_NOFOLLOW) != 0)
        return {Fd(), errno};
    return open_regular(directory.get(), name.c_str(), before);
}

// The type is known before the open: opening a device or a FIFO, even without blocking, can have
// effects. What is swapped in between is caught by the second look.
Opened Beneath::open_regular(int directory, const char* path, const struct stat& before) const
{
    if (S_ISLNK(before.st_mode)) return {Fd(), ELOOP};
    if (S_ISDIR(before.st_mode)) return {Fd(), EISDIR};
    if (!S_ISREG(before.st_mode)) return {Fd(), EINVAL};
    Opened opened = open_at(directory, path, O_RDONLY | O_NONBLOCK | O_NOATIME);
    if (opened.error == EPERM)  // not the owner
        opened = open_at(directory, path, O_RDONLY | O_NONBLOCK);
    if (!opened.fd) return opened;
    struct stat now {};
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
    if (path.empty()) return ::fstat(root_.get(), &status) == 0 ? 0 : errno;
    // The parent is reached safely; the last component is looked at without following it, so that a
    // mount point answers even where RESOLVE_NO_XDEV would refuse to enter it.
    const std::string_view parent = parent_of(path);
    int directory = root_.get();
    Opened opened;
    if (!parent.empty()) {
        opened = open(parent, O_PATH | O_DIRECTORY);
        if (!opened.fd) return opened.error;
        directory = opened.fd.get();
    }
    const std::string name(name_of_path(path));
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
    return list(opened.fd, entries);
}

// Without opendir(3), which takes a copy of the descriptor and a buffer from the heap: as much
// again as the listing itself where directories are small and many.
int Beneath::list(const Fd& opened, std::vector<DirEntry>& entries)
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
            if (::fstatat(opened.get(), next->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0)
                entries.push_back({std::string(name), status});
            else if (errno != ENOENT)
                return errno;
        }
    }
}

}  // namespace lockstep
