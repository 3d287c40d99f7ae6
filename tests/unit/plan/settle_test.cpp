#include "agent/plan/settle.h"

#include <catch2/catch.hpp>

using namespace lockstep::plan;
using namespace std::chrono_literals;

namespace {
const TimePoint t0{};
}

TEST_CASE("a path is ready once it has been quiet for the settle time", "[plan][settle]")
{
    Settle settle({2ms, 2s});
    settle.touch("a", Look::content, false, t0);
    settle.touch("a", Look::content, false, t0 + 1ms);

    CHECK(settle.take_ready(t0 + 2ms).empty());
    CHECK(settle.next_ready() == t0 + 3ms);
    const std::vector<Settled> ready = settle.take_ready(t0 + 3ms);
    CHECK(ready == std::vector<Settled>{{"a", Look::content, t0}});
    CHECK_FALSE(settle.next_ready());
}

TEST_CASE("a path that never gets quiet is ready after the longest delay", "[plan][settle]")
{
    Settle settle({10ms, 100ms});
    for (int i = 0; i < 100; ++i) {
        settle.touch("a", Look::content, false, t0 + std::chrono::milliseconds(i));
        CHECK(settle.take_ready(t0 + std::chrono::milliseconds(i)).empty());
    }
    CHECK(settle.take_ready(t0 + 100ms).size() == 1);
}

TEST_CASE("a file that is being written waits for its close, at most the longest delay",
          "[plan][settle]")
{
    Settle settle({2ms, 2s});
    settle.touch("a", Look::content, true, t0);
    CHECK(settle.take_ready(t0 + 1s).empty());
    CHECK(settle.next_ready() == t0 + 2s);

    settle.touch("a", Look::content, false, t0 + 1s);
    CHECK(settle.take_ready(t0 + 1002ms).size() == 1);
}

TEST_CASE("a closer look is remembered while a path settles", "[plan][settle]")
{
    Settle settle({2ms, 2s});
    settle.touch("a", Look::content, false, t0);
    settle.touch("a", Look::attributes, false, t0);

    CHECK(settle.take_ready(t0 + 2ms).at(0).look == Look::content);
}

TEST_CASE("a flush takes what has not settled", "[plan][settle]")
{
    Settle settle({1s, 2s});
    settle.touch("a", Look::content, true, t0);
    settle.touch("b", Look::content, false, t0);

    CHECK(settle.take_all().size() == 2);
    CHECK(settle.size() == 0);
    CHECK_FALSE(settle.next_ready());
}
