#include "watcher/root.h"

#include "base/error.h"
#include "base/path.h"

#include <fcntl.h>

#include <cerrno>

namespace lockstep::watcher {
namespace {

Fd open_root(const std::string& path)
{
    return Fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC));
}

}  // namespace

std::string Root::acquire()
{
    fd_ = open_root(path_);
    struct stat status {};
    if (!fd_ || ::fstat(fd_.get(), &status) != 0) {
        const int error = errno;
        release();
        return describe_errno("open source", path_, error);
    }
    device_ = status.st_dev;
    inode_ = status.st_ino;
    return {};
}

int Root::fd()
{
    if (fd_) return fd_.get();
    Fd opened = open_root(path_);
    struct stat status {};
    if (opened && ::fstat(opened.get(), &status) == 0 && is_it(status)) fd_ = std::move(opened);
    return fd_.get();
}

std::string Root::missing() const
{
    struct stat status {};
    if (::stat(path_.c_str(), &status) != 0) return describe_errno("stat source", path_, errno);
    if (is_it(status)) return {};
    if (!S_ISDIR(status.st_mode)) return "source " + quoted(path_) + " is no directory any more";
    if (status.st_dev != device_)
        return "source " + quoted(path_) + " is on another file system now: mounted or unmounted";
    return "source " + quoted(path_) + " was replaced by another directory";
}

}  // namespace lockstep::watcher
