// When to read of a stream of changes that comes to no end.
#pragma once

#include <chrono>
#include <cstddef>

namespace lockstep::watcher {

// What is read is handed on from thread to thread, and in the end is a session with each
// destination, which costs a daemon more than it costs us. So what a stream brings is left to
// gather for a short while. A change that comes alone, or with others at its side, is read at once;
// so is a flood, before which the kernel's queue must be kept empty.
class Gathering {
public:
    using Clock = std::chrono::steady_clock;

    // `bytes` have been read now. True: better not again before until().
    bool keeps_after(Clock::time_point now, std::size_t bytes)
    {
        if (now - last_ >= close_by) *this = Gathering(now);
        ++in_a_row_;
        bytes_ += bytes;
        last_ = now;
        const Clock::duration watched = now - since_;
        if (in_a_row_ <= in_a_row_min || watched < pause) return false;
        const bool flood = bytes_ > flood_bytes_per_ms * (watched / std::chrono::milliseconds(1));
        since_ = now;
        bytes_ = 0;
        if (flood) return false;
        last_ = now + pause;
        return true;
    }
    Clock::time_point until() const { return last_; }

    Gathering() = default;

    static constexpr std::chrono::milliseconds close_by{8};
    static constexpr std::chrono::milliseconds pause{16};
    static constexpr int in_a_row_min = 32;
    static constexpr std::size_t flood_bytes_per_ms = 256;  // some 6,000 events a second

private:
    explicit Gathering(Clock::time_point now) : since_(now), last_(now) {}

    Clock::time_point since_;  // bytes_ were read
    Clock::time_point last_;   // reading, or end of a pause
    std::size_t bytes_ = 0;
    int in_a_row_ = 0;
};

}  // namespace lockstep::watcher
