// What a look at the source gives: paths, their ancestors, and what directories hold.
#pragma once

#include "agent/plan/plan.h"
#include "agent/state/sightings.h"
#include "base/beneath.h"

#include <functional>

namespace lockstep::push {

struct ObserveOptions {
    bool acls = false;
    bool xattrs = false;
    bool hard_links = false;
    bool one_file_system = true;
    std::function<std::uint32_t(std::uint32_t mode)> sent_mode;  // null: as it is
    // Of a path whose ancestors are not excluded; true: it does not exist for us.
    std::function<bool(std::string_view path, bool directory)> excluded;
};

// A directory or an attribute that could not be read.
struct Unobserved {
    std::string path;
    int error = 0;
    bool listing = false;  // the directory is known, what it holds is not
};

struct Observation {
    plan::Observed observed;
    std::vector<Unobserved> unobserved;
    state::Sightings sightings;  // the same, as the index remembers it
};

// The paths themselves, whatever their look; nothing is listed. Blocking file I/O: on the transfer
// pool. What vanishes meanwhile is "not there".
Observation observe(const Beneath& source, const plan::Batch& paths, const ObserveOptions& options);

}  // namespace lockstep::push
