// What is read at once, and what is left to gather.
#include "watcher/gathering.h"

#include <catch2/catch.hpp>

namespace {

using lockstep::watcher::Gathering;
using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr std::size_t event_bytes = 48;

// Readings one after another, `apart`; how many of them were followed by a pause.
int pauses(Gathering& gathering, Gathering::Clock::time_point& now, int readings,
           Gathering::Clock::duration apart, std::size_t bytes = event_bytes)
{
    int count = 0;
    for (int i = 0; i < readings; ++i) {
        now += apart;
        if (!gathering.keeps_after(now, bytes)) continue;
        ++count;
        now = gathering.until();
    }
    return count;
}

TEST_CASE("of changes now and then, and of a few side by side, none waits", "[watcher][drainer]")
{
    Gathering gathering;
    Gathering::Clock::time_point now{};

    CHECK(pauses(gathering, now, 1000, milliseconds(20)) == 0);
    CHECK(pauses(gathering, now, Gathering::in_a_row_min - 1, milliseconds(1)) == 0);
    CHECK(pauses(gathering, now, 1, milliseconds(50)) == 0);
    CHECK(pauses(gathering, now, Gathering::in_a_row_min - 1, milliseconds(5)) == 0);
}

TEST_CASE("a stream is read now and then, until it ends", "[watcher][drainer]")
{
    Gathering gathering;
    Gathering::Clock::time_point now{};
    pauses(gathering, now, Gathering::in_a_row_min, milliseconds(5));

    CHECK(pauses(gathering, now, 100, milliseconds(5), 8 * event_bytes) >= 99);
    CHECK(pauses(gathering, now, 1, milliseconds(50)) == 0);
}

TEST_CASE("a flood is not left to gather", "[watcher][drainer]")
{
    Gathering gathering;
    Gathering::Clock::time_point now{};

    // 400,000 events a second, twenty at a time.
    CHECK(pauses(gathering, now, 20'000, microseconds(50), 20 * event_bytes) == 0);
}

}  // namespace
