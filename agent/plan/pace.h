// How often sessions with a destination are begun.
#pragma once

#include <chrono>

namespace lockstep::plan {

// As changes come, for the first few of them; then one each `interval`, and what comes meanwhile is
// the next one's batch: a session costs a daemon some milliseconds whatever it carries.
class Pace {
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    static constexpr std::chrono::milliseconds interval{15};
    static constexpr int at_once = 8;

    // When the next may begin; past or now: at once.
    TimePoint next() const noexcept { return due_ - (at_once - 1) * interval; }
    void begun(TimePoint now) noexcept { due_ = (due_ > now ? due_ : now) + interval; }

private:
    TimePoint due_;
};

}  // namespace lockstep::plan
