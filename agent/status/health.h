// Whether a load balancer or a pager should worry: the rule of GET /healthz.
#pragma once

#include "agent/status/snapshot.h"

#include <string>
#include <vector>

namespace lockstep::status {

struct Health {
    std::vector<std::string> reasons;  // none: healthy; else one line for each thing that is not
    bool ok() const noexcept { return reasons.empty(); }
};

// Healthy: every mapping is live, and every destination in step, connecting, or syncing with a lag
// below a minute.
Health health_of(const Snapshot& snapshot);

}  // namespace lockstep::status
