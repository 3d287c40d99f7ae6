#include "agent/plan/settle.h"

#include <catch2/catch.hpp>

#include <map>

using namespace lockstep::plan;
using namespace std::chrono_literals;

namespace {
const TimePoint t0{};
}

TEST_CASE("a file counts as closed until it is written to again", "[plan][settle]")
{
    Settle settle({.settle = 2ms, .max_delay = 2s});
    const auto closed = [&] {
        const std::vector<Settled> all = settle.take_all();
        REQUIRE(all.size() == 1);
        return all[0].closed;
    };

    settle.touch("f", Look::content, Writers::unknown, t0);  // created
    CHECK_FALSE(closed());
    settle.touch("f", Look::written, Writers::writing, t0);
    settle.touch("f", Look::content, Writers::closed, t0);
    settle.touch("f", Look::attributes, Writers::unknown, t0);
    CHECK(closed());
    settle.touch("f", Look::content, Writers::closed, t0);
    settle.touch("f", Look::written, Writers::writing, t0);
    CHECK_FALSE(closed());
}

TEST_CASE("a path is ready once it has been quiet for the settle time", "[plan][settle]")
{
    Settle settle({2ms, 2s});
    settle.touch("a", Look::content, Writers::unknown, t0);
    settle.touch("a", Look::content, Writers::unknown, t0 + 1ms);

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
        settle.touch("a", Look::content, Writers::unknown, t0 + std::chrono::milliseconds(i));
        CHECK(settle.take_ready(t0 + std::chrono::milliseconds(i)).empty());
    }
    CHECK(settle.take_ready(t0 + 100ms).size() == 1);
}

TEST_CASE("a file that is being written waits for its close, at most the longest delay",
          "[plan][settle]")
{
    Settle settle({2ms, 2s});
    settle.touch("a", Look::content, Writers::writing, t0);
    CHECK(settle.take_ready(t0 + 1s).empty());
    CHECK(settle.next_ready() == t0 + 2s);

    settle.touch("a", Look::content, Writers::unknown, t0 + 1s);
    CHECK(settle.take_ready(t0 + 1002ms).size() == 1);
}

TEST_CASE("a closer look is remembered while a path settles", "[plan][settle]")
{
    Settle settle({2ms, 2s});
    settle.touch("a", Look::content, Writers::unknown, t0);
    settle.touch("a", Look::attributes, Writers::unknown, t0);

    CHECK(settle.take_ready(t0 + 2ms).at(0).look == Look::content);
}

TEST_CASE("a flush takes what has not settled", "[plan][settle]")
{
    Settle settle({1s, 2s});
    settle.touch("a", Look::content, Writers::writing, t0);
    settle.touch("b", Look::content, Writers::unknown, t0);

    CHECK(settle.take_all().size() == 2);
    CHECK(settle.size() == 0);
    CHECK_FALSE(settle.next_ready());
}

TEST_CASE("what was only moved says where it was", "[plan][settle]")
{
    Settle settle({2ms, 2s});
    const auto origins = [&] {
        std::map<std::string, std::string> all;
        for (const Settled& settled : settle.take_all()) all[settled.path] = settled.moved_from;
        return all;
    };
    using Origins = std::map<std::string, std::string>;

    settle.move("a", "b", Look::content, t0);
    settle.move("b", "c", Look::content, t0);
    CHECK(origins() == Origins{{"a", ""}, {"b", ""}, {"c", "a"}});

    INFO("out of what was moved");
    settle.move("d", "e", Look::subtree, t0);
    settle.move("e/x/y", "f", Look::content, t0);
    CHECK(origins() == Origins{{"d", ""}, {"e", "d"}, {"e/x/y", ""}, {"f", "d/x/y"}});

    INFO("and back");
    settle.move("a", "b", Look::content, t0);
    settle.move("b", "a", Look::content, t0);
    CHECK(origins() == Origins{{"a", ""}, {"b", ""}});

    INFO("each to the next name");
    settle.move("2", "3", Look::content, t0);
    settle.move("1", "2", Look::content, t0);
    settle.touch("1", Look::content, Writers::unknown, t0);
    CHECK(origins() == Origins{{"1", ""}, {"2", "1"}, {"3", "2"}});

    INFO("not what is written to, before or after");
    settle.touch("a", Look::written, Writers::writing, t0);
    settle.move("a", "b", Look::content, t0);
    settle.move("c", "d", Look::content, t0);
    settle.touch("d", Look::content, Writers::unknown, t0);
    settle.move("e", "f", Look::content, t0);
    settle.touch("f", Look::attributes, Writers::unknown, t0);
    CHECK(origins() == Origins{{"a", ""}, {"b", ""}, {"c", ""}, {"d", ""}, {"e", ""}, {"f", "e"}});

    INFO("however far apart the moves of a chain are");
    settle.move("a", "b", Look::content, t0);
    settle.move("b", "c", Look::content, t0 + 1ms);
    const std::vector<Settled> ready = settle.take_ready(t0 + 2ms);
    REQUIRE(ready.size() == 2);
    CHECK(ready[0].path == "a");
    CHECK(ready[1].path == "c");
    CHECK(ready[1].moved_from == "a");
    settle.take_all();

    INFO("nor anything once events were lost");
    settle.move("a", "b", Look::content, t0);
    settle.forget_moves();
    CHECK(origins() == Origins{{"a", ""}, {"b", ""}});
}
