#include "agent/push/deletions_left.h"

#include <catch2/catch.hpp>

using namespace lockstep::push;

using Max = DeletionsLeft::Max;

TEST_CASE("a part of the deletions is nobody else's until it comes back", "[push][deletions]")
{
    DeletionsLeft deletions(Max(10));
    const Max first = deletions.take_half();
    const Max second = deletions.take_half();
    CHECK(first == Max(5));
    CHECK(second == Max(2));
    CHECK(deletions.left() == Max(3));

    deletions.give_back(first, 1);
    deletions.give_back(second, 2);
    CHECK(deletions.left() == Max(7));
    CHECK(deletions.take_all() == Max(7));
    CHECK(deletions.left() == Max(0));
}

TEST_CASE("no more deletions are spent than are left", "[push][deletions]")
{
    DeletionsLeft deletions(Max(3));
    const Max part = deletions.take_half();
    deletions.give_back(part, 5);
    CHECK(deletions.left() == Max(2));
    deletions.spend(5);
    CHECK(deletions.left() == Max(0));
    CHECK(deletions.take_half() == Max(0));
}

TEST_CASE("without a bound there are as many deletions as it takes", "[push][deletions]")
{
    DeletionsLeft deletions{Max()};
    deletions.spend(5);
    const Max part = deletions.take_half();
    CHECK(part == Max());
    CHECK(deletions.take_all() == Max());
    deletions.give_back(part, 7);
    CHECK(deletions.left() == Max());
}
