// When to try again: exponential, with jitter, pure.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace lockstep::plan {

struct RetryTimes {
    std::chrono::milliseconds initial{1000};
    std::chrono::milliseconds max{300'000};
};

// Before attempt number `attempts` + 1: initial * 2^(attempts - 1), at most max, then between 50 %
// and 100 % of it
// (`random` is any number), so that agents that lost the same peer do not come back together.
inline std::chrono::milliseconds retry_delay(RetryTimes times, std::uint32_t attempts,
                                             std::uint32_t random)
{
    const std::uint32_t doublings = std::min<std::uint32_t>(attempts == 0 ? 0 : attempts - 1, 20);
    const std::int64_t full =
        std::min<std::int64_t>(times.initial.count() << doublings, times.max.count());
    return std::chrono::milliseconds(full / 2 + static_cast<std::int64_t>(random % 1024) *
                                                    (full - full / 2) / 1023);
}

}  // namespace lockstep::plan
