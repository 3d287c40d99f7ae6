// Reads what the source is right now: the paths of a batch, their ancestors, and the subtrees to
// compare.
#pragma once

#include "agent/plan/plan.h"
#include "base/beneath.h"

#include <functional>

namespace lockstep::push {

struct ObserveOptions {
    bool acls = false;
    bool xattrs = false;
    bool one_file_system = true;
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
};

// Blocking file I/O: on the transfer pool. What vanishes meanwhile is "not there". `cancelled` is
// asked now and then; once it says true the result is not to be used.
Observation observe(const Beneath& source, const plan::Batch& batch, const ObserveOptions& options,
                    const std::function<bool()>& cancelled);

}  // namespace lockstep::push
