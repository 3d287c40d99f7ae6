// How long changes took from event to acknowledgement: buckets since the start, quantiles of the
// latest.
#pragma once

#include "agent/status/snapshot.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <vector>

namespace lockstep::agent {

class LatencyMeter {
public:
    static constexpr std::array<double, 16> bounds_ms{
        1, 2, 3, 5, 7.5, 10, 25, 50, 100, 250, 500, 1000, 5000, 30000, 60000, 600000};
    static constexpr std::size_t recent_max = 2048;

    void record(std::chrono::steady_clock::duration took);
    status::Latency value() const;

private:
    std::array<std::uint64_t, bounds_ms.size() + 1> counts_{};
    std::vector<float> recent_;  // a ring of the latest, in ms
    std::size_t next_ = 0;
    std::uint64_t count_ = 0;
    double sum_ms_ = 0;
};

}  // namespace lockstep::agent
