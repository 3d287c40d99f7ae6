// The status in Prometheus' text format.
#pragma once

#include "agent/status/snapshot.h"

#include <string>

namespace lockstep::status {

// Families named lockstep_*, labelled `mapping` and `destination` (its URL, which never holds a
// password). A family without samples is left out. `lockstep_latency_seconds` is a histogram from
// event to acknowledgement.
std::string metrics_text(const Snapshot& snapshot);

}  // namespace lockstep::status
