// One batch to one destination: look at the source, plan, push each step, report.
#pragma once

#include "agent/push/broken_push.h"
#include "agent/push/job.h"
#include "agent/push/report.h"

#include <boost/asio/awaitable.hpp>

namespace lockstep::push {

// Runs on the strand of its sessions. Throws Error when a session as a whole failed, BrokenPush
// when that was after its list was begun: then nothing of the batch counts as acknowledged.
// Error(source, retry) when the source is not the directory it was.
boost::asio::awaitable<PushReport> push_batch(PushJob job);

}  // namespace lockstep::push
