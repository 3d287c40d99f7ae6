// The directory of the indexes, held by one agent at a time.
#pragma once

#include "base/fd.h"

#include <string>

namespace lockstep::state {

class StateDir {
public:
    // Makes the directory (mode 0700) where its parent is there. Throws Error(local, needs_person)
    // when it cannot be made or written, or when another agent has it.
    explicit StateDir(std::string path);

    std::string index_file(const std::string& mapping) const;

    // Out of the way, for people to look at; a new one can be made then. Returns its new name.
    static std::string set_aside(const std::string& index_file);

private:
    std::string path_;
    Fd lock_;
};

}  // namespace lockstep::state
