// What became of a batch.
#pragma once

#include "agent/push/broken_push.h"
#include "agent/state/sightings.h"
#include "transport/push_session.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lockstep::push {

// Paths are those of the batch or below them; "" is the source itself.
struct PushReport {
    void add(PushReport more);
    // Of one session. What is held is no failure.
    void add(transport::PushOutcome outcome);
    // What is sent, but for the failures.
    void saw(state::Sightings seen);

    std::vector<transport::PathFailure> failures;
    std::vector<std::string> unlisted;  // of the failures, directories whose content is unknown
    std::vector<std::string> unattributed;
    std::vector<std::string> withheld;  // deletions, too many of them
    std::vector<std::string> held;      // open for writing: they wait for their close
    LostSessions lost;                  // on the way
    bool links_unknown = false;         // a file has names that nobody knows: compare the source
    bool max_delete_hit = false;        // the daemon stopped deleting in a compare
    std::size_t deletions = 0;
    state::Sightings sightings;  // the states that were sent, but for the failures
    std::vector<std::pair<std::string, state::Fingerprint>> racy;  // of these
    transport::PushFigures figures;
    std::optional<transport::PeerFacts> peer;  // none: nothing had to be sent
    std::uint32_t sessions = 0;
};

}  // namespace lockstep::push
