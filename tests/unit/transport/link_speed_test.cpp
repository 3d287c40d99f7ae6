#include "transport/link_speed.h"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;

namespace lockstep::transport {
namespace {

constexpr std::uint64_t mebi = 1024 * 1024;

LineFigures sent(std::uint64_t bytes, std::chrono::microseconds busy,
                 std::chrono::microseconds receiver_limited = 0us)
{
    return {.acked_bytes = bytes, .busy = busy, .receiver_limited = receiver_limited};
}

LineFigures after(std::chrono::microseconds round_trip)
{
    return {.round_trip = round_trip};
}

}  // namespace

TEST_CASE("before anything is measured the distance decides, once", "[transport][link_speed]")
{
    LinkSpeed near;
    near.opened(after(150us));
    CHECK_FALSE(near.compresses());
    near.opened(after(30ms));
    CHECK_FALSE(near.compresses());

    LinkSpeed far;
    far.opened(after(30ms));
    CHECK(far.compresses());
    CHECK_FALSE(far.measured());
    CHECK(near.guesses());
    CHECK_FALSE(far.guesses());
    near.learn(sent(100 * mebi, 100ms));
    CHECK_FALSE(near.guesses());
}

TEST_CASE("a measured line is compressed for when it is slow, wherever it leads",
          "[transport][link_speed]")
{
    LinkSpeed speed;
    speed.opened(after(50us));
    speed.learn(sent(4 * mebi, 4s));
    CHECK(speed.compresses());

    LinkSpeed other;
    other.opened(after(30ms));
    other.learn(sent(400 * mebi, 1s));
    CHECK_FALSE(other.compresses());
    other.opened(after(30ms));
    CHECK_FALSE(other.compresses());
}

TEST_CASE("between the thresholds it stays as it is", "[transport][link_speed]")
{
    const std::uint64_t between = 50'000'000;
    LinkSpeed slow;
    slow.learn(sent(10'000'000, 1s));
    REQUIRE(slow.compresses());
    for (int i = 0; i < 20; ++i) slow.learn(sent(between, 1s));
    CHECK(slow.compresses());

    LinkSpeed fast;
    fast.learn(sent(200'000'000, 1s));
    REQUIRE_FALSE(fast.compresses());
    for (int i = 0; i < 20; ++i) fast.learn(sent(between, 1s));
    CHECK_FALSE(fast.compresses());
}

TEST_CASE("what little changes send measures nothing", "[transport][link_speed]")
{
    LinkSpeed speed;
    speed.opened(after(50us));
    for (int i = 0; i < 1000; ++i) speed.learn(sent(LinkSpeed::measured_bytes_min - 1, 10s));
    CHECK_FALSE(speed.measured());
    CHECK_FALSE(speed.compresses());
}

TEST_CASE("time in which the receiver had no room is not the line's", "[transport][link_speed]")
{
    LinkSpeed speed;
    speed.learn(sent(100 * mebi, 100s, 99500ms));
    CHECK_FALSE(speed.compresses());
    speed.learn(sent(100 * mebi, 100s, 100s));  // all of it, and no division by nothing
    CHECK_FALSE(speed.compresses());
}

TEST_CASE("time in which a busy machine let an answer wait is not the line's",
          "[transport][link_speed]")
{
    LineFigures figures = sent(2 * mebi, 200ms);
    figures.delivered_per_second = 1'000'000'000;
    LinkSpeed speed;
    speed.learn(figures);
    CHECK_FALSE(speed.compresses());
    // What the kernel does not tell proves nothing.
    figures.delivered_per_second = 0;
    LinkSpeed other;
    other.learn(figures);
    CHECK(other.compresses());
    // Nor does what is slower than all of it.
    figures.delivered_per_second = 1000;
    LinkSpeed third;
    third.learn(figures);
    CHECK(*third.measured() > mebi);
}

TEST_CASE("a line that changes is followed, and one odd session is not", "[transport][link_speed]")
{
    LinkSpeed speed;
    for (int i = 0; i < 5; ++i) speed.learn(sent(100 * mebi, 1s));
    speed.learn(sent(mebi, 50ms));
    CHECK_FALSE(speed.compresses());

    int sessions = 0;
    while (!speed.compresses() && sessions < 10) {
        speed.learn(sent(10 * mebi, 10s));
        ++sessions;
    }
    CHECK(sessions < 5);
}

TEST_CASE("a limit below the threshold is the line's speed, one above it changes nothing",
          "[transport][link_speed]")
{
    LinkSpeed limited(mebi);
    limited.opened(after(50us));
    CHECK(limited.compresses());
    limited.learn(sent(100 * mebi, 100ms));  // the kernel sees little of our waiting
    CHECK(limited.compresses());

    LinkSpeed wide(std::uint64_t{1} << 40);
    wide.opened(after(50us));
    CHECK_FALSE(wide.compresses());
    wide.learn(sent(mebi, 1s));
    CHECK(wide.compresses());
}

}  // namespace lockstep::transport
