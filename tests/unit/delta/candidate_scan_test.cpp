#include "delta/candidate_scan.h"

#include "basis.h"
#include "delta/rolling_sum_bulk.h"

#include <catch2/catch.hpp>

using namespace lockstep::delta;
using namespace lockstep::delta::test;

namespace {

// Position by position, each sum afresh.
Candidate by_definition(const BlockSums& sums, std::span<const std::byte> file,
                        std::size_t positions)
{
    Candidate candidate;
    for (; candidate.passed < positions; ++candidate.passed) {
        const auto window = file.subspan(candidate.passed + 1, sums.block_bytes);
        const std::uint32_t weak = RollingSum(window).value();
        candidate.found = std::ranges::find(sums.weak, weak) != sums.weak.end();
        if (candidate.found) break;
    }
    return candidate;
}

}  // namespace

TEST_CASE("every speed of the scan stops at the first block of the basis and nowhere else",
          "[delta][candidate_scan]")
{
    std::mt19937 random(Catch::rngSeed());
    const auto block_bytes = GENERATE(1u, 7u, 16u, 700u, 70'000u);
    const unsigned letters = GENERATE(2u, 256u);
    BlockDigest digest(Digest::xxh3, 0, SeedPlace::hash_seed);

    for (int round = 0; round < 20; ++round) {
        // Blocks of other content give the table something to say no to.
        const std::size_t blocks = 1 + random() % 20;
        const Bytes basis = random_bytes(random, blocks * block_bytes, letters);
        const BlockSums sums = sums_of(basis, block_bytes, 8, digest);
        const BlockTable table(sums);
        const std::size_t positions = random() % 120;
        Bytes file = random_bytes(random, 1 + positions + block_bytes, letters);
        if (positions > 0 && round % 2 == 0) {
            const auto at = static_cast<std::ptrdiff_t>(1 + random() % positions);
            std::copy_n(basis.end() - block_bytes, block_bytes, file.begin() + at);
        }

        const Candidate expected = by_definition(sums, file, positions);
        const std::size_t last = expected.passed + (expected.found ? 1 : 0);
        for (const CandidateScan scan : {candidate_scan_portable, candidate_scan_avx2}) {
            if (scan == candidate_scan_avx2 && !has_avx2()) continue;
            RollingSum sum(view(file).first(block_bytes));

            const Candidate found = scan(table, sum, file.data(), positions);

            INFO("blocks of " << block_bytes << ", " << positions << " positions");
            REQUIRE(found == expected);
            REQUIRE(sum.value() == RollingSum(view(file).subspan(last, block_bytes)).value());
        }
    }
}

TEST_CASE("the weak filter never denies a sum it was given", "[delta][candidate_scan]")
{
    std::mt19937 random(Catch::rngSeed());
    const std::size_t count = GENERATE(std::size_t{1}, std::size_t{100}, std::size_t{50'000});
    WeakFilter filter(count);
    std::vector<std::uint32_t> sums(count);
    for (std::uint32_t& weak : sums) weak = static_cast<std::uint32_t>(random());

    for (const std::uint32_t weak : sums) filter.add(weak);

    CHECK(std::ranges::all_of(sums, [&](std::uint32_t weak) { return filter.may_hold(weak); }));
}

TEST_CASE("the weak filter denies nearly every sum it was not given", "[delta][candidate_scan]")
{
    std::mt19937 random(Catch::rngSeed());
    WeakFilter filter(10'000);
    for (int i = 0; i < 10'000; ++i) filter.add(static_cast<std::uint32_t>(random()));

    int passed = 0;
    for (int i = 0; i < 100'000; ++i)
        if (filter.may_hold(static_cast<std::uint32_t>(random()))) ++passed;

    CHECK(passed < 5000);
}
