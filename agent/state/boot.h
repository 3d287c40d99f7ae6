// Which boot of the kernel this is.
#pragma once

#include <string>

namespace lockstep::state {

// The kernel's boot id; empty where it cannot be read, which equals no other.
std::string boot_id();

}  // namespace lockstep::state
