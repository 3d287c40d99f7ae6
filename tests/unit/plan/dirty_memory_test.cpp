#include "agent/plan/dirty_set.h"

#include <catch2/catch.hpp>

#include <malloc.h>

#include <cstdio>
#include <string>

using namespace lockstep::plan;
using namespace std::chrono_literals;

// The sanitizers' allocator tells mallinfo2 nothing.
#ifndef __SANITIZE_ADDRESS__

namespace {

std::size_t allocated_bytes()
{
    const struct mallinfo2 heap = ::mallinfo2();
    return heap.uordblks + heap.hblkhd;
}

std::string path_of_60_bytes(int number)
{
    char path[61];
    std::snprintf(path, sizeof path, "d%04d/d%04d/some-file-name-of-a-usual-length-%011d.dat",
                  number / 10'000, number / 100 % 100, number);
    return path;
}

}  // namespace

TEST_CASE("a million dirty paths of 60 bytes take at most 200 MB", "[plan][dirty_set]")
{
    REQUIRE(path_of_60_bytes(999'999).size() == 60);
    const TimePoint start{1h};
    const std::size_t before = allocated_bytes();
    DirtySet set(1'000'000);
    for (int i = 0; i < 1'000'000; ++i)
        set.add(path_of_60_bytes(i), Look::content, start + std::chrono::microseconds(i));
    REQUIRE(set.pending() == 1'000'000);
    const std::size_t filled = allocated_bytes() - before;
    CHECK(filled > 60'000'000);  // or it does not count
    CHECK(filled <= 200'000'000);

    INFO("nor more after an outage, in which batches were taken and given back");
    for (int i = 0; i < 5; ++i) {
        const Batch batch = set.take(10'000, start);
        set.give_back(batch, start, DirtySet::Begun::perhaps);
    }
    CHECK(allocated_bytes() - before <= 200'000'000);
}

#endif

TEST_CASE("a path in its one allocation is as it was given", "[plan][dirty_set]")
{
    DirtySet set(1000);
    for (const std::size_t bytes : {0, 1, 3, 4, 5, 12, 255, 4096, 100'000})
        set.add(std::string(bytes, 'x'), Look::content, TimePoint{});
    const Batch batch = set.take(100, TimePoint{});
    REQUIRE(batch.paths.size() == 9);
    for (std::size_t i = 0; i < batch.paths.size(); ++i)
        CHECK(batch.paths[i].path.find_first_not_of('x') == std::string::npos);
    CHECK(batch.paths.back().path.size() == 100'000);
    set.settle(batch, {}, TimePoint{});
    CHECK(set.empty());
}
