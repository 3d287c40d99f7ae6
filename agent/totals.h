// What the sessions with a destination came to since the start.
#pragma once

#include "agent/latency.h"
#include "agent/push/pusher.h"
#include "agent/status/snapshot.h"

#include <chrono>
#include <cstdint>

namespace lockstep::agent {

class Totals {
public:
    void pushed(const push::PushReport& report);
    void session_failed() noexcept;
    // A path, from its first event.
    void arrived(std::chrono::steady_clock::duration took) { latency_.record(took); }

    void tell(status::Destination& told) const;

private:
    transport::PeerFacts peer_;
    transport::PushFigures figures_;
    std::uint64_t sessions_ = 0;
    std::uint64_t retries_ = 0;
    LatencyMeter latency_;
};

}  // namespace lockstep::agent
