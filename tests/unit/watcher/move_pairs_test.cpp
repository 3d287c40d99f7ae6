#include "watcher/move_pairs.h"

#include <catch2/catch.hpp>

namespace {

using namespace lockstep::watcher;
using std::chrono::milliseconds;

const Time start{};

TEST_CASE("a half is found by its cookie once", "[watcher][move_pairs]")
{
    MovePairs pairs(milliseconds(10));
    pairs.add(7, 1, "a", true, start);
    pairs.add(8, 1, "b", false, start);

    const auto half = pairs.take_by_cookie(7);

    REQUIRE(half);
    CHECK(half->name == "a");
    CHECK(half->directory);
    CHECK_FALSE(pairs.take_by_cookie(7));
    CHECK_FALSE(pairs.take_by_cookie(9));
}

TEST_CASE("a half is found by the very name it left", "[watcher][move_pairs]")
{
    MovePairs pairs(milliseconds(10));
    pairs.add(7, 1, "a", true, start);

    CHECK_FALSE(pairs.take_by_place(2, "a"));
    CHECK_FALSE(pairs.take_by_place(1, "b"));
    CHECK(pairs.take_by_place(1, "a"));
}

TEST_CASE("halves expire at their deadline, oldest first", "[watcher][move_pairs]")
{
    MovePairs pairs(milliseconds(10));
    pairs.add(7, 1, "a", false, start);
    pairs.add(8, 1, "b", false, start + milliseconds(1));

    CHECK(pairs.next_deadline() == start + milliseconds(10));
    CHECK_FALSE(pairs.take_expired(start + milliseconds(9)));
    CHECK(pairs.take_expired(start + milliseconds(10))->name == "a");
    CHECK_FALSE(pairs.take_expired(start + milliseconds(10)));
    CHECK(pairs.take_expired(start + milliseconds(11))->name == "b");
    CHECK_FALSE(pairs.next_deadline());
}

TEST_CASE("all halves up to a number are settled when none of them waits", "[watcher][move_pairs]")
{
    MovePairs pairs(milliseconds(10));
    CHECK(pairs.settled_up_to(pairs.seen()));
    pairs.add(7, 1, "a", false, start);
    const auto first = pairs.seen();
    pairs.add(8, 1, "b", false, start);

    CHECK_FALSE(pairs.settled_up_to(first));
    pairs.take_by_cookie(7);
    CHECK(pairs.settled_up_to(first));
    CHECK_FALSE(pairs.settled_up_to(pairs.seen()));
}

}  // namespace
