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

bool WorkingDirectory::enter(int directory)
{
    if (!is_own() || ::fchdir(directory) != 0) return false;
    away_ = true;
    return true;
}

void WorkingDirectory::leave()
{
    // "/" is always there, and all may enter it.
    if (away_) away_ = ::chdir("/") != 0;
}

}  // namespace lockstep
