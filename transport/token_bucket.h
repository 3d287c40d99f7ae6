// How fast bytes may go: pure, time is passed in.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace lockstep::transport {

// Over any stretch of time at most its length times the rate, and `burst` more, so that what is
// seldom and small goes at once. Shared by all that have the limit together; not thread-safe.
class TokenBucket {
public:
    using TimePoint = std::chrono::steady_clock::time_point;
    using Duration = TimePoint::duration;

    // `bytes_per_second` is not 0.
    explicit TokenBucket(std::uint64_t bytes_per_second, Duration burst = default_burst)
        : bytes_per_second_(static_cast<double>(bytes_per_second)), burst_(burst)
    {
    }
    // As long as this says would the burst take.
    static constexpr std::chrono::milliseconds default_burst{50};

    // How long `bytes` have to wait that want to go now; they are counted as gone.
    Duration take(std::uint64_t bytes, TimePoint now)
    {
        paid_until_ = std::max(paid_until_, now - burst_);
        const Duration wait = std::max(paid_until_ - now, Duration::zero());
        paid_until_ += time_of(bytes);
        return wait;
    }

    // What should go in one piece: no more than a twentieth of a second carries.
    std::uint64_t piece_bytes() const noexcept
    {
        constexpr double pieces_a_second = 20;
        constexpr std::uint64_t least = 256;
        constexpr std::uint64_t most = 64 * 1024;
        const auto piece = static_cast<std::uint64_t>(bytes_per_second_ / pieces_a_second);
        return std::clamp(piece, least, most);
    }

private:
    Duration time_of(std::uint64_t bytes) const noexcept
    {
        const std::chrono::duration<double> seconds(static_cast<double>(bytes) / bytes_per_second_);
        return std::chrono::duration_cast<Duration>(seconds);
    }

    double bytes_per_second_;
    Duration burst_;
    TimePoint paid_until_{};
};

}  // namespace lockstep::transport
