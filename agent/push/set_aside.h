// What could not be looked at must not be taken for absent.
#pragma once

#include "agent/plan/dirty_set.h"
#include "agent/push/observe.h"
#include "agent/push/report.h"

#include <vector>

namespace lockstep::push {

// It leaves the batch, with all that lies below it, and is reported. A directory of which only the
// content is unknown stays.
void set_aside(const std::vector<Unobserved>& unobserved, plan::Batch& batch, PushReport& report);

}  // namespace lockstep::push
