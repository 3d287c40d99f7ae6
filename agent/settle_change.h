// Which path a change of the source is about, and how closely to look at it.
#pragma once

#include "agent/plan/settle.h"
#include "watcher/change.h"

namespace lockstep::agent {

// What is no change of a path settles nothing; nor does a subtree, which is compared first.
void settle_change(plan::Settle& settle, const watcher::Change& change, plan::TimePoint now);

}  // namespace lockstep::agent
