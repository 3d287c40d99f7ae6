// Sums that no honest generator sends: the result stays right and the work linear. The work is
// counted, in positions whose strong sum was computed; no clock decides.
#include "basis.h"
#include "delta/block_table.h"

#include <catch2/catch.hpp>

using namespace lockstep::delta;
using namespace lockstep::delta::test;

namespace {

std::vector<KeptToken> match(const BlockSums& sums, std::span<const std::byte> file)
{
    BlockDigest digest(Digest::xxh128, 1, SeedPlace::hash_seed);
    Matcher matcher(sums, digest);
    std::vector<KeptToken> tokens;
    matcher.feed(file, keep_in(tokens));
    matcher.finish(keep_in(tokens));
    return tokens;
}

std::size_t chain_length(const BlockTable& table, std::uint32_t weak)
{
    std::size_t length = 0;
    for (auto block = table.first(weak); block != BlockTable::none; block = table.after(block))
        ++length;
    return length;
}

// `count` blocks that all claim the weak sum of a block of zeros, and strong sums that are no
// digest.
BlockSums false_zeros(std::uint32_t count, std::uint32_t block_bytes)
{
    BlockSums sums;
    sums.count = count;
    sums.block_bytes = block_bytes;
    sums.strong_bytes = 16;
    sums.weak.assign(count, 0);
    sums.strong.assign(std::size_t{count} * 16, std::byte{0});
    for (std::uint32_t i = 0; i < count; ++i)
        for (std::size_t at = 0; at < 4; ++at)
            sums.strong[std::size_t{i} * 16 + at] = static_cast<std::byte>(i >> (8 * at));
    return sums;
}

}  // namespace

TEST_CASE("equal blocks make a chain of one", "[delta][hostile]")
{
    const Bytes basis(64 * 10'000, std::byte{'x'});
    BlockDigest digest(Digest::xxh128, 1, SeedPlace::hash_seed);
    const BlockSums sums = sums_of(basis, 64, 16, digest);

    const BlockTable table(sums);

    CHECK(table.full_blocks() == 10'000);
    CHECK(chain_length(table, sums.weak[0]) == 1);
    CHECK(match(sums, basis) == std::vector<KeptToken>{{{}, 0, 10'000, {}}});
}

TEST_CASE("blocks that share a weak sum make a chain of bounded length", "[delta][hostile]")
{
    const BlockSums sums = false_zeros(100'000, 64);

    const BlockTable table(sums);

    CHECK(chain_length(table, 0) == BlockTable::chain_max);
}

TEST_CASE("weak sums that land in one bucket make a chain of bounded length", "[delta][hostile]")
{
    // Multiples of the inverse of the table's multiplier are mixed to 0, 1, 2, ..: one bucket.
    BlockSums sums = false_zeros(100'000, 64);
    std::uint32_t inverse = 0x9e3779b1U;
    for (int i = 0; i < 5; ++i) inverse *= 2 - 0x9e3779b1U * inverse;
    REQUIRE(inverse * 0x9e3779b1U == 1);
    for (std::uint32_t i = 0; i < sums.count; ++i) sums.weak[i] = i % 4096 * inverse;

    const BlockTable table(sums);

    CHECK(chain_length(table, 0) == BlockTable::chain_max);
}

TEST_CASE("a peer that claims zeros at every position costs no more than the vain bytes allowed",
          "[delta][hostile]")
{
    // Without the bound 16 MiB of zeros would be hashed in blocks of 128 KiB at every byte: 2 TiB,
    // an hour and more, against the test's timeout. With it, half a gigabyte.
    const BlockSums sums = false_zeros(1000, 131'072);
    const Bytes file(16 * 1024 * 1024);

    const std::vector<KeptToken> tokens = match(sums, file);

    CHECK(rebuild(tokens, {}, sums) == file);
}

TEST_CASE("sums that cannot be used make the file literal", "[delta][hostile]")
{
    std::mt19937 random(Catch::rngSeed());
    const Bytes file = random_bytes(random, 5000);
    BlockDigest digest(Digest::xxh128, 1, SeedPlace::hash_seed);
    BlockSums sums = sums_of(file, 700, 16, digest);
    SECTION("blocks of no length")
    {
        sums.block_bytes = 0;
    }
    SECTION("strong sums of no length")
    {
        sums.strong_bytes = 0;
    }
    SECTION("strong sums longer than any digest")
    {
        sums.strong_bytes = 21;
    }
    SECTION("no sums")
    {
        sums.weak.clear();
    }
    SECTION("no strong sums")
    {
        sums.strong.clear();
    }
    SECTION("no count")
    {
        sums.count = 0;
    }
    SECTION("blocks longer than the file")
    {
        sums.block_bytes = UINT32_MAX;
        sums.remainder_bytes = 0;
    }

    const std::vector<KeptToken> tokens = match(sums, file);

    CHECK(rebuild(tokens, {}, sums) == file);
}

TEST_CASE("a count beyond the sums that came names no block beyond them", "[delta][hostile]")
{
    std::mt19937 random(Catch::rngSeed());
    const Bytes file = random_bytes(random, 7000);
    BlockDigest digest(Digest::xxh128, 1, SeedPlace::hash_seed);
    BlockSums sums = sums_of(file, 700, 16, digest);
    sums.count = UINT32_MAX;
    sums.remainder_bytes = GENERATE(0u, 1u, 699u, 700u, UINT32_MAX);

    CHECK(match(sums, file) == std::vector<KeptToken>{{{}, 0, 10, {}}});
}
