#include "agent/state/boot.h"

#include <fstream>

namespace lockstep::state {

std::string boot_id()
{
    std::ifstream file("/proc/sys/kernel/random/boot_id");
    std::string id;
    std::getline(file, id);
    return id;
}

}  // namespace lockstep::state
