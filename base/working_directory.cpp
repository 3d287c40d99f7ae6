#include "base/working_directory.h"

#include <sched.h>
#include <unistd.h>

namespace lockstep {
namespace {

thread_local const WorkingDirectory* entered_last = nullptr;

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
    entered_last = this;
    return true;
}

bool WorkingDirectory::is_here() const noexcept
{
    return away_ && entered_last == this;
}

void WorkingDirectory::leave()
{
    if (!away_) return;
    away_ = ::chdir("/") != 0;  // always there, and all may enter it
    entered_last = nullptr;
}

}  // namespace lockstep
