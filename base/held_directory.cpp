#include "base/held_directory.h"

#include "base/path.h"

#include <fcntl.h>

#include <cerrno>

namespace lockstep {

const Opened& HeldDirectory::directory_of(std::string_view path)
{
    const std::string_view directory = parent_of(path);
    if (holds_ && held_.fd && path_ == directory) return held_;
    held_ = source_.open_directory(directory);
    path_ = directory;
    holds_ = true;
    works_there_ = false;
    return held_;
}

bool HeldDirectory::work_in_directory_of(std::string_view path)
{
    const Opened& directory = directory_of(path);
    if (works_there_ && working_.is_here()) return true;
    works_there_ = directory.fd && working_.enter(directory.fd.get());
    return works_there_;
}

int HeldDirectory::status(std::string_view path, struct stat& status)
{
    if (path.empty() || source_.follows(path)) return source_.status(path, status);
    const Opened& directory = directory_of(path);
    // One that may be searched but not read cannot be held.
    if (!directory.fd) return source_.status(path, status);
    const std::string name(name_of_path(path));
    return ::fstatat(directory.fd.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 ? 0
                                                                                          : errno;
}

Opened HeldDirectory::open_seen(std::string_view path, struct stat& now)
{
    const Opened& directory = directory_of(path);
    if (directory.fd)
        return source_.open_seen_in(directory.fd, std::string(name_of_path(path)), now);
    Opened opened = source_.open_file(path);
    if (opened.fd && ::fstat(opened.fd.get(), &now) != 0) return {Fd(), errno};
    return opened;
}

Opened HeldDirectory::open_file(std::string_view path)
{
    const Opened& directory = directory_of(path);
    if (!directory.fd) return source_.open_file(path);
    return source_.open_file_in(directory.fd, std::string(name_of_path(path)));
}

}  // namespace lockstep
