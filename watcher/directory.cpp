#include "watcher/directory.h"

#include <climits>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>

namespace lockstep::watcher {
namespace {

constexpr int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;

OpenedDirectory open_with(int parent, const char* path, std::uint64_t resolve)
{
    open_how how{};
    how.flags = flags;
    how.resolve = resolve;
    OpenedDirectory opened;
    do {
        opened.fd = Fd(static_cast<int>(::syscall(SYS_openat2, parent, path, &how, sizeof how)));
    } while (!opened.fd && (errno == EINTR || errno == EAGAIN));
    if (!opened.fd) opened.error = errno;
    return opened;
}

}  // namespace

OpenedDirectory open_child(int parent, const char* name, bool one_file_system)
{
    // A single name cannot lead elsewhere, so the mount is all that is left to ask about.
    if (one_file_system) return open_with(parent, name, RESOLVE_NO_XDEV);
    OpenedDirectory opened{Fd(::openat(parent, name, flags)), 0};
    if (!opened.fd) opened.error = errno;
    return opened;
}

OpenedDirectory open_below(int root, std::string_view path, bool one_file_system)
{
    const std::uint64_t resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
                                  (one_file_system ? RESOLVE_NO_XDEV : 0);
    OpenedDirectory at = open_with(root, ".", 0);
    while (at.fd && !path.empty()) {
        std::size_t bytes = path.size();
        if (bytes >= PATH_MAX) bytes = path.rfind('/', PATH_MAX - 1);
        at = open_with(at.fd.get(), std::string(path.substr(0, bytes)).c_str(), resolve);
        path.remove_prefix(std::min(bytes + 1, path.size()));
    }
    return at;
}

bool is_directory(int parent, const char* name, unsigned char d_type)
{
    if (d_type != DT_UNKNOWN) return d_type == DT_DIR;
    struct stat status {};
    return ::fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode);
}

}  // namespace lockstep::watcher
