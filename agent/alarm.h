// When a trouble has lasted so long that somebody is told.
#pragma once

#include <chrono>
#include <optional>

namespace lockstep::agent {

// Rings once for each trouble. Time is passed in.
class Alarm {
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    explicit Alarm(std::chrono::milliseconds after) : after_(after) {}

    // The trouble is there, or still is: true once.
    bool rings(TimePoint now)
    {
        if (rung_) return false;
        if (!since_) since_ = now;
        rung_ = now >= *since_ + after_;
        return rung_;
    }
    // It is over.
    void reset()
    {
        since_.reset();
        rung_ = false;
    }
    // When it will ring next, after now.
    std::optional<TimePoint> next(TimePoint now) const
    {
        if (!since_ || rung_ || *since_ + after_ <= now) return std::nullopt;
        return *since_ + after_;
    }

private:
    std::chrono::milliseconds after_;
    std::optional<TimePoint> since_;
    bool rung_ = false;
};

}  // namespace lockstep::agent
