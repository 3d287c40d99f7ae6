// How many deletions `max_delete` allows, and a person.
#include "agent/delete_budget.h"

#include <catch2/catch.hpp>

namespace lockstep::agent {
namespace {

using std::chrono::seconds;

constexpr DeleteBudget::TimePoint start{seconds(1000)};

config::MaxDelete at_most(std::uint64_t count)
{
    config::MaxDelete limit;
    limit.count = count;
    limit.percent.reset();
    return limit;
}

TEST_CASE("what was deleted within a minute is not allowed again", "[agent][delete_budget]")
{
    DeleteBudget budget(at_most(10));

    budget.spend(7, start);
    CHECK(budget.left(5000, start + seconds(59)) == 3);
    budget.spend(7, start + seconds(59));
    CHECK(budget.left(5000, start + seconds(59)) == 0);
    CHECK(budget.left(5000, start + seconds(60)) == 3);
}

TEST_CASE("a share counts only where there is much", "[agent][delete_budget]")
{
    config::MaxDelete limit;
    limit.count.reset();
    limit.percent = 10;
    DeleteBudget budget(limit);

    CHECK_FALSE(budget.left(1000, start));
    CHECK(budget.left(2000, start) == 200);
}

TEST_CASE("a person allows all deletions until they are done", "[agent][delete_budget]")
{
    DeleteBudget budget(at_most(0));
    budget.exceeded();
    CHECK(budget.withheld());

    budget.resume(false);
    CHECK_FALSE(budget.withheld());
    CHECK(budget.left(5000, start) == 0);

    budget.resume(true);
    budget.resume(false);  // takes nothing back
    CHECK_FALSE(budget.left(5000, start));
    budget.done();
    CHECK(budget.left(5000, start) == 0);
}

}  // namespace
}  // namespace lockstep::agent
