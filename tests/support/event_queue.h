// Fills the queue in which the kernel keeps events for a watcher that does not read them.
#pragma once

#include <string>

namespace lockstep::testing {

// Files come and go in `directory` until a watcher of it that is stopped has lost events: those of
// everything that happens from then on. Nothing is left of them.
void overflow_event_queue(const std::string& directory);

}  // namespace lockstep::testing
