#include "transport/link_speed.h"

#include <algorithm>

namespace lockstep::transport {

void LinkSpeed::opened(const LineFigures& figures)
{
    if (known_) return;
    known_ = true;
    compresses_ = figures.round_trip >= far_round_trip;
}

void LinkSpeed::learn(const LineFigures& figures)
{
    if (figures.acked_bytes < measured_bytes_min) return;
    const std::chrono::duration<double> all = figures.busy;
    const std::chrono::duration<double> waited = figures.receiver_limited;
    // What went at once took a moment all the same.
    constexpr double shortest = 1e-4;
    const auto bytes = static_cast<double>(figures.acked_bytes);
    double seconds = all.count() - waited.count();
    if (figures.delivered_per_second > 0)
        seconds = std::min(seconds, bytes / static_cast<double>(figures.delivered_per_second));
    seconds = std::max(seconds, shortest);
    bytes_ = bytes_ / 2 + bytes;
    seconds_ = seconds_ / 2 + seconds;
    choose(*measured());
}

std::optional<double> LinkSpeed::measured() const noexcept
{
    if (seconds_ <= 0) return std::nullopt;
    return bytes_ / seconds_;
}

void LinkSpeed::choose(double bytes_per_second) noexcept
{
    if (limit_) bytes_per_second = std::min(bytes_per_second, static_cast<double>(*limit_));
    known_ = true;
    if (bytes_per_second < compresses_below) compresses_ = true;
    if (bytes_per_second > stops_above) compresses_ = false;
}

}  // namespace lockstep::transport
