// How often sessions are begun.
#include "agent/plan/pace.h"

#include <catch2/catch.hpp>

namespace {

using lockstep::plan::Pace;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Pace::TimePoint start{seconds(1000)};

// Each as soon as it may begin, for so long.
int begun_within(Pace& pace, Pace::TimePoint& now, milliseconds span)
{
    int count = 0;
    for (const Pace::TimePoint end = now + span; now < end; now += milliseconds(1)) {
        if (pace.next() > now) continue;
        pace.begun(now);
        ++count;
    }
    return count;
}

TEST_CASE("the first few sessions wait for nothing", "[plan][pace]")
{
    Pace pace;
    for (int i = 0; i < Pace::at_once; ++i) {
        CHECK(pace.next() <= start);
        pace.begun(start);
    }
    CHECK(pace.next() == start + Pace::interval);
}

TEST_CASE("a stream gets a session each interval, and a pause makes up for it", "[plan][pace]")
{
    Pace pace;
    Pace::TimePoint now = start;
    const int steady = static_cast<int>(seconds(3) / Pace::interval);

    const int first = begun_within(pace, now, seconds(3));
    CHECK(first >= steady);
    CHECK(first <= steady + Pace::at_once);
    now += seconds(1);
    CHECK(begun_within(pace, now, milliseconds(Pace::at_once)) == Pace::at_once);
}

TEST_CASE("changes that come a few at a time never wait", "[plan][pace]")
{
    Pace pace;
    Pace::TimePoint now = start;
    for (int i = 0; i < 1000; ++i, now += milliseconds(50)) {
        REQUIRE(pace.next() <= now);
        pace.begun(now);
    }
}

}  // namespace
