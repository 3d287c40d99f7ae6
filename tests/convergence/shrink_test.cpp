#include "tests/convergence/shrink.h"

#include <catch2/catch.hpp>

using namespace lockstep::testing;

namespace {

std::vector<int> numbers(int count)
{
    std::vector<int> all;
    for (int i = 0; i < count; ++i) all.push_back(i);
    return all;
}

bool has(const std::vector<int>& list, int number)
{
    return std::find(list.begin(), list.end(), number) != list.end();
}

}  // namespace

TEST_CASE("a failing list is shrunk to what makes it fail, in order", "[convergence][shrink]")
{
    const auto fails = [](const std::vector<int>& list) { return has(list, 17) && has(list, 80); };

    CHECK(shrink(numbers(100), 1000, fails) == std::vector<int>{17, 80});
}

TEST_CASE("shrinking asks no more often than it may and keeps a list that fails",
          "[convergence][shrink]")
{
    std::size_t tries = 0;
    const auto fails = [&](const std::vector<int>& list) {
        ++tries;
        return has(list, 17) && has(list, 80);
    };

    const std::vector<int> shorter = shrink(numbers(100), 7, fails);

    CHECK(tries <= 7);
    CHECK(has(shorter, 17));
    CHECK(has(shorter, 80));
    CHECK(shorter.size() < 100);
}

TEST_CASE("a list that fails whatever is dropped is shrunk to nothing", "[convergence][shrink]")
{
    CHECK(shrink(numbers(9), 1000, [](const std::vector<int>&) { return true; }).empty());
}
