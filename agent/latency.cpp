#include "agent/latency.h"

#include <algorithm>
#include <cmath>

namespace lockstep::agent {

void LatencyMeter::record(std::chrono::steady_clock::duration took)
{
    const double ms = std::chrono::duration<double, std::milli>(took).count();
    const auto* const bucket = std::lower_bound(bounds_ms.begin(), bounds_ms.end(), ms);
    ++counts_[static_cast<std::size_t>(bucket - bounds_ms.begin())];
    ++count_;
    sum_ms_ += ms;
    if (recent_.size() < recent_max)
        recent_.push_back(static_cast<float>(ms));
    else
        recent_[next_] = static_cast<float>(ms);
    next_ = (next_ + 1) % recent_max;
}

status::Latency LatencyMeter::value() const
{
    status::Latency latency;
    latency.count = count_;
    latency.sum_ms = sum_ms_;
    for (std::size_t i = 0; i < bounds_ms.size(); ++i)
        latency.buckets.emplace_back(bounds_ms[i], counts_[i]);
    if (recent_.empty()) return latency;
    std::vector<float> sorted = recent_;
    std::sort(sorted.begin(), sorted.end());
    const auto quantile = [&](double q) {
        const auto at =
            static_cast<std::size_t>(std::lround(q * static_cast<double>(sorted.size() - 1)));
        return static_cast<double>(sorted[at]);
    };
    latency.p50 = quantile(0.5);
    latency.p90 = quantile(0.9);
    latency.p99 = quantile(0.99);
    return latency;
}

}  // namespace lockstep::agent
