// What one destination has acknowledged, and what the others lack since.
#pragma once

#include "agent/state/dirty_row.h"
#include "agent/state/sightings.h"

#include <string>
#include <vector>

namespace lockstep::state {

struct Acknowledgement {
    std::string destination;
    std::vector<DirtyRow> sent;   // as begun
    std::vector<DirtyRow> again;  // of these and of what stood in the list for their sake: did not
                                  // arrive
    Sightings sightings;          // the states that went
};

struct Lacking {
    std::string destination;
    std::string path;
    int look = 0;
    bool operator==(const Lacking&) const = default;
};

}  // namespace lockstep::state
