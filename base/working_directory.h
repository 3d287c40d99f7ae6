// Calls that want a path reach the names of an open directory by its descriptor alone.
#pragma once

#include "base/fd.h"

namespace lockstep {

// For as long as it lives this thread, and no other, works in `directory`: relative names are
// names in it. Afterwards it works in "/", so that no file system is kept busy. is_there() is false
// where the kernel does not allow a thread a directory of its own, or to enter this one.
class WorkingDirectory {
public:
    explicit WorkingDirectory(const Fd& directory);
    ~WorkingDirectory();
    WorkingDirectory(const WorkingDirectory&) = delete;
    WorkingDirectory& operator=(const WorkingDirectory&) = delete;

    bool is_there() const noexcept { return there_; }

private:
    bool there_;
};

}  // namespace lockstep
