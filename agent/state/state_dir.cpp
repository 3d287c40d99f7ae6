#include "agent/state/state_dir.h"

#include "base/error.h"
#include "base/path.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace lockstep::state {
namespace {

constexpr mode_t directory_mode = 0700;
constexpr mode_t file_mode = 0600;

}  // namespace

StateDir::StateDir(std::string path) : path_(std::move(path))
{
    if (::mkdir(path_.c_str(), directory_mode) != 0 && errno != EEXIST)
        throw_errno(ErrorKind::local, Remedy::needs_person, "make service.state_dir", path_, errno);
    const std::string file = path_ + "/lock";
    lock_ = Fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, file_mode));
    if (!lock_)
        throw_errno(ErrorKind::local, Remedy::needs_person, "open in service.state_dir", file,
                    errno);
    if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0)
        throw Error(ErrorKind::local, Remedy::needs_person,
                    "service.state_dir " + quoted(path_) +
                        " is in use by another lockstep: give each its own");
}

std::string StateDir::index_file(const std::string& mapping) const
{
    return path_ + "/" + mapping + ".index";
}

std::string StateDir::set_aside(const std::string& index_file)
{
    // One of each mapping is kept: the last is the one that people ask about.
    std::string aside = index_file + ".damaged";
    if (::rename(index_file.c_str(), aside.c_str()) != 0) ::unlink(index_file.c_str());
    for (const char* companion : {"-wal", "-shm"}) {
        const std::string file = index_file + companion;
        const std::string aside_file = aside + companion;
        if (::rename(file.c_str(), aside_file.c_str()) != 0) ::unlink(file.c_str());
    }
    return aside;
}

}  // namespace lockstep::state
