// A push over a real connection to a real daemon, run to its end.
#pragma once

#include "transport/push_session.h"

#include <string>

namespace lockstep::wire_test {

struct Pushed {
    transport::PushOutcome outcome;
    transport::PeerFacts peer;
};

// Connects, pushes, returns; throws what the session threw. Bounded by the endpoint's timeout.
Pushed push(const transport::Endpoint& endpoint, const transport::PushOptions& options,
            const transport::PushList& list, const std::string& source);

// Every entry at and below `source`, parents first, "." included.
transport::PushList list_of(const std::string& source);

}  // namespace lockstep::wire_test
