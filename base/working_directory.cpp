#include "base/working_directory.h"

#include <sched.h>
#include <unistd.h>

namespace lockstep {
namespace {

bool is_own()
{
    static thread_local const bool own = ::unshare(CLONE_FS) == 0;
    return own;
}

}  // namespace

WorkingDirectory::WorkingDirectory(const Fd& directory)
    : there_(is_own() && ::fchdir(directory.get()) == 0)
{
}

WorkingDirectory::~WorkingDirectory()
{
    // "/" is always there, and all may enter it.
    if (there_ && ::chdir("/") != 0) there_ = false;
}

}  // namespace lockstep
