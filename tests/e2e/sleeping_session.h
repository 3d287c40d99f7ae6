// An agent in step, whose ready session is put to sleep at the daemon's end.
#pragma once

#include "tests/e2e/live_mirror.h"

#include <cstdint>
#include <string>

namespace lockstep::testing {

class SleepingSession {
public:
    // `file` is below the source from the start, and old enough to be known by its times.
    explicit SleepingSession(const std::string& file);

    // False: the session that falls asleep was not ready.
    bool fall_asleep();
    // Waits until more is under way to it.
    bool was_sent() const;
    void wake_up() const;

    LiveMirror mirror;

private:
    std::uint64_t sent_ = 0;
};

}  // namespace lockstep::testing
