// When a trouble has lasted so long that somebody is told.
#include "agent/alarm.h"

#include <catch2/catch.hpp>

namespace lockstep::agent {
namespace {

using std::chrono::seconds;

constexpr Alarm::TimePoint start{seconds(1000)};

TEST_CASE("a trouble is told once it has lasted, and once", "[agent][alarm]")
{
    Alarm alarm(seconds(10));
    CHECK_FALSE(alarm.next(start));

    CHECK_FALSE(alarm.rings(start));
    CHECK(alarm.next(start + seconds(5)) == start + seconds(10));
    CHECK_FALSE(alarm.rings(start + seconds(9)));
    CHECK(alarm.rings(start + seconds(10)));
    CHECK_FALSE(alarm.next(start + seconds(10)));
    CHECK_FALSE(alarm.rings(start + seconds(30)));
}

TEST_CASE("a trouble that is over in time is not told, and the next one has its own time",
          "[agent][alarm]")
{
    Alarm alarm(seconds(10));

    alarm.rings(start);
    alarm.reset();
    CHECK_FALSE(alarm.next(start));
    CHECK_FALSE(alarm.rings(start + seconds(12)));
    CHECK(alarm.rings(start + seconds(22)));
}

TEST_CASE("without a delay a trouble is told at once", "[agent][alarm]")
{
    Alarm alarm(seconds(0));
    CHECK(alarm.rings(start));
}

}  // namespace
}  // namespace lockstep::agent
