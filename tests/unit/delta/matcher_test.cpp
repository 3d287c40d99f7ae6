#include "delta/matcher.h"

#include "basis.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <numeric>

using namespace lockstep::delta;
using namespace lockstep::delta::test;

namespace {

struct Result {
    std::vector<KeptToken> tokens;
    std::uint64_t literal_bytes = 0;
    std::uint64_t matched_bytes = 0;
};

BlockDigest a_digest()
{
    return {Digest::xxh128, 1, SeedPlace::hash_seed};
}

// `cut` says how large the next feed is. Every other is put where there is room for it.
template <class Cut>
Result match(const BlockSums& sums, std::span<const std::byte> file, Cut cut,
             Matcher::MatchedBytes matched = Matcher::MatchedBytes::drop,
             Matcher::Basis basis = Matcher::Basis::kept)
{
    BlockDigest digest = a_digest();
    Matcher matcher(sums, digest, matched, basis);
    Result result;
    const Matcher::Sink sink = keep_in(result.tokens);
    bool in_place = false;
    for (auto rest = file; !rest.empty(); in_place = !in_place) {
        auto piece = rest.first(std::min<std::size_t>(rest.size(), cut()));
        if (in_place) {
            const std::span<std::byte> room = matcher.room(piece.size());
            REQUIRE((!room.empty() && room.size() <= piece.size()));
            piece = piece.first(room.size());
            std::ranges::copy(piece, room.begin());
            matcher.feed(room, sink);
        } else {
            const Bytes gone_after_the_call(piece.begin(), piece.end());
            matcher.feed(gone_after_the_call, sink);
        }
        rest = rest.subspan(piece.size());
    }
    matcher.finish(sink);
    result.literal_bytes = matcher.literal_bytes();
    result.matched_bytes = matcher.matched_bytes();
    return result;
}

Result match(const BlockSums& sums, std::span<const std::byte> file)
{
    return match(sums, file, [] { return std::size_t{1} << 30; });
}

BlockSums sums_of(std::span<const std::byte> basis, std::uint32_t block_bytes)
{
    BlockDigest digest = a_digest();
    return test::sums_of(basis, block_bytes, 16, digest);
}

Result match_overwritten(const BlockSums& sums, std::span<const std::byte> file)
{
    return match(
        sums, file, [] { return std::size_t{1} << 30; }, Matcher::MatchedBytes::drop,
        Matcher::Basis::overwritten);
}

// As a receiver does that has no other place for the file.
Bytes rebuilt_in_place(const std::vector<KeptToken>& tokens, Bytes there, const BlockSums& sums)
{
    std::size_t position = 0;
    const auto put = [&](const Bytes& bytes) {
        if (there.size() < position + bytes.size()) there.resize(position + bytes.size());
        std::copy(bytes.begin(), bytes.end(),
                  there.begin() + static_cast<std::ptrdiff_t>(position));
        position += bytes.size();
    };
    for (const KeptToken& token : tokens) {
        put(token.literal);
        for (std::uint32_t i = 0; i < token.blocks; ++i) {
            const auto block = block_of(there, sums, token.first_block + i);
            const bool last = token.first_block + i + 1 == sums.count && sums.remainder_bytes > 0;
            const auto length = last ? sums.remainder_bytes : sums.block_bytes;
            put(Bytes(block.begin(), block.begin() + length));
        }
    }
    there.resize(position);
    return there;
}

KeptToken literal(Bytes bytes)
{
    return {std::move(bytes), 0, 0, {}};
}

KeptToken run(std::uint32_t first, std::uint32_t blocks)
{
    return {{}, first, blocks, {}};
}

Bytes operator+(Bytes left, const Bytes& right)
{
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

}  // namespace

TEST_CASE("tokens applied to the basis give the file, however it is edited and fed",
          "[delta][matcher]")
{
    std::mt19937 random(Catch::rngSeed());
    const auto [block_bytes, basis_bytes] = GENERATE(table<std::uint32_t, std::size_t>({
        {1, 300},
        {2, 1000},
        {3, 2000},
        {31, 5000},
        {32, 3200},
        {700, 20'000},
        {700, 699},
        {1000, 1},
        {8192, 400'000},
        {131'072, 131'072},
        {131'072, 900'000},
    }));
    const unsigned letters = GENERATE(1u, 2u, 256u);

    for (int round = 0; round < 12; ++round) {
        const Bytes basis = random_bytes(random, basis_bytes, letters);
        const Bytes file = edited(random, basis, random() % 6);
        const BlockSums sums = sums_of(basis, block_bytes);
        const std::size_t largest_feed = std::size_t{1} << random() % 20;
        const auto cut = [&] { return 1 + random() % largest_feed; };
        const auto keep =
            round % 2 == 0 ? Matcher::MatchedBytes::drop : Matcher::MatchedBytes::keep;

        const Result result = match(sums, file, cut, keep);

        INFO("blocks of " << block_bytes << ", basis " << basis.size() << ", file " << file.size()
                          << ", letters " << letters << ", feeds to " << largest_feed);
        REQUIRE(rebuild(result.tokens, basis, sums) == file);
        REQUIRE(result.literal_bytes + result.matched_bytes == file.size());
        for (const KeptToken& token : result.tokens) {
            REQUIRE(token.literal.empty() != (token.blocks == 0));
            REQUIRE(token.literal.size() <= Matcher::literal_bytes_max);
            if (keep == Matcher::MatchedBytes::keep && token.blocks > 0)
                REQUIRE(rebuild({run(token.first_block, token.blocks)}, basis, sums) ==
                        token.matched);
        }
    }
}

TEST_CASE("tokens applied over the basis itself give the file", "[delta][matcher][in_place]")
{
    std::mt19937 random(Catch::rngSeed());
    const auto [block_bytes, basis_bytes] = GENERATE(table<std::uint32_t, std::size_t>({
        {1, 300},
        {3, 2000},
        {32, 3200},
        {700, 20'000},
        {700, 699},
        {8192, 400'000},
    }));
    const unsigned letters = GENERATE(1u, 2u, 256u);

    for (int round = 0; round < 20; ++round) {
        const Bytes basis = random_bytes(random, basis_bytes, letters);
        const Bytes file = edited(random, basis, random() % 6);
        const BlockSums sums = sums_of(basis, block_bytes);
        const std::size_t largest_feed = std::size_t{1} << random() % 20;
        const auto cut = [&] { return 1 + random() % largest_feed; };

        const Result result =
            match(sums, file, cut, Matcher::MatchedBytes::drop, Matcher::Basis::overwritten);

        INFO("blocks of " << block_bytes << ", basis " << basis.size() << ", file " << file.size()
                          << ", letters " << letters << ", feeds to " << largest_feed);
        REQUIRE(rebuilt_in_place(result.tokens, basis, sums) == file);
        REQUIRE(result.literal_bytes + result.matched_bytes == file.size());
    }
}

TEST_CASE("what is overwritten already is literal, what comes later is not",
          "[delta][matcher][in_place]")
{
    std::mt19937 random(Catch::rngSeed());
    const Bytes basis = random_bytes(random, 64'000);
    const BlockSums sums = sums_of(basis, 1000);
    const Bytes start(basis.begin(), basis.begin() + 10'000);
    const Bytes rest(basis.begin() + 10'000, basis.end());

    const Result moved_up = match_overwritten(sums, rest + start);
    const Result moved_down = match_overwritten(sums, start + start + rest);

    CHECK(moved_up.matched_bytes == rest.size());
    CHECK(moved_up.literal_bytes == start.size());
    CHECK(moved_down.matched_bytes == start.size());
}

TEST_CASE("a block that has not moved is found among its equals", "[delta][matcher][in_place]")
{
    std::mt19937 random(Catch::rngSeed());
    const Bytes zeros(100'000, std::byte{0});
    const Bytes changed = random_bytes(random, 5000);
    const BlockSums sums = sums_of(zeros, 1000);

    const Result result = match_overwritten(sums, zeros + changed + zeros);
    Bytes one_changed = zeros;
    one_changed[50'500] = std::byte{1};
    const Result one = match_overwritten(sums, one_changed);

    CHECK(result.matched_bytes == zeros.size());
    CHECK(one.literal_bytes == 1000);
}

TEST_CASE("an unchanged file is one run", "[delta][matcher]")
{
    std::mt19937 random(Catch::rngSeed());
    const Bytes file = random_bytes(random, 100'000);
    const std::uint32_t block_bytes = GENERATE(700u, 1000u, 100'000u, 131'072u);
    const BlockSums sums = sums_of(file, block_bytes);

    const Result result = match(sums, file, [] { return std::size_t{4096}; });

    CHECK(result.tokens == std::vector{run(0, sums.count)});
    CHECK(result.matched_bytes == file.size());
}

TEST_CASE("a run is given out when it is long, not when the file ends", "[delta][matcher]")
{
    std::mt19937 random(Catch::rngSeed());
    const Bytes file = random_bytes(random, 3'000'000);
    const BlockSums sums = sums_of(file, 100'000);
    BlockDigest digest = a_digest();
    Matcher matcher(sums, digest);
    std::vector<KeptToken> tokens;

    matcher.feed(file, keep_in(tokens));

    CHECK(tokens == std::vector{run(0, 11), run(11, 11)});
}

TEST_CASE("a cut at every byte gives the same tokens", "[delta][matcher]")
{
    std::mt19937 random(Catch::rngSeed());
    const Bytes basis = random_bytes(random, 205);
    const Bytes file = random_bytes(random, 33) + basis + random_bytes(random, 5) + basis;
    const BlockSums sums = sums_of(basis, 20);
    const std::vector<KeptToken> whole = match(sums, file).tokens;

    for (std::size_t at = 1; at < file.size(); ++at) {
        std::size_t next = at;
        const Result cut = match(sums, file, [&] { return std::exchange(next, file.size()); });
        INFO("cut at " << at);
        REQUIRE(cut.tokens == whole);
    }
}

TEST_CASE("an insertion costs itself only", "[delta][matcher]")
{
    // As in PROTOCOL.md 26.4: 1500 bytes, "insert!" at 700.
    std::mt19937 random(Catch::rngSeed());
    const Bytes basis = random_bytes(random, 1500);
    Bytes file = basis;
    const Bytes inserted = bytes_of("insert!");
    file.insert(file.begin() + 700, inserted.begin(), inserted.end());

    const Result result = match(sums_of(basis, 700), file);

    CHECK(result.tokens == std::vector{run(0, 1), literal(inserted), run(1, 2)});
}

TEST_CASE("a moved block is found, and the run goes on behind it", "[delta][matcher]")
{
    std::mt19937 random(Catch::rngSeed());
    const Bytes a = random_bytes(random, 64);
    const Bytes b = random_bytes(random, 64);
    const Bytes c = random_bytes(random, 64);
    const BlockSums sums = sums_of(a + b + c, 64);

    CHECK(match(sums, b + c + a).tokens == std::vector{run(1, 2), run(0, 1)});
}

TEST_CASE("the shorter last block is matched at the end of the file and nowhere else",
          "[delta][matcher]")
{
    std::mt19937 random(Catch::rngSeed());
    const Bytes block = random_bytes(random, 64);
    const Bytes rest = random_bytes(random, 10);
    const BlockSums sums = sums_of(block + rest, 64);
    const Bytes other = random_bytes(random, 30);

    CHECK(match(sums, other + rest).tokens == std::vector{literal(other), run(1, 1)});
    CHECK(match(sums, rest + other).tokens == std::vector{literal(rest + other)});
    CHECK(match(sums, block + rest).tokens == std::vector{run(0, 2)});
}

TEST_CASE("of equal blocks the one that follows the last match is taken", "[delta][matcher]")
{
    std::mt19937 random(Catch::rngSeed());
    const Bytes same = random_bytes(random, 64);
    const Bytes other = random_bytes(random, 64);
    const Bytes file = same + other + same + same;

    CHECK(match(sums_of(file, 64), file).tokens == std::vector{run(0, 4)});
}

TEST_CASE("a file without a basis is literal pieces of at most 32 KiB", "[delta][matcher]")
{
    std::mt19937 random(Catch::rngSeed());
    const Bytes file = random_bytes(random, 100'000);
    const std::size_t feed = GENERATE(std::size_t{1}, std::size_t{1000}, std::size_t{1'000'000});

    const Result result = match(BlockSums(), file, [&] { return feed; });

    CHECK(rebuild(result.tokens, {}, BlockSums()) == file);
    CHECK(result.tokens.size() == 4);
    CHECK(result.literal_bytes == file.size());
}

TEST_CASE("an empty file is no tokens at all", "[delta][matcher]")
{
    const Bytes basis = bytes_of("basis");
    CHECK(match(sums_of(basis, 3), {}).tokens.empty());
    CHECK(match(BlockSums(), {}).tokens.empty());
}

TEST_CASE("only as many bytes of a strong sum count as were sent", "[delta][matcher]")
{
    std::mt19937 random(Catch::rngSeed());
    const Bytes file = random_bytes(random, 5000);
    const std::uint32_t strong_bytes = GENERATE(1u, 2u, 8u, 16u);
    BlockDigest digest = a_digest();
    const BlockSums sums = sums_of(file, 700, strong_bytes, digest);

    CHECK(match(sums, file).tokens == std::vector{run(0, sums.count)});
}

TEST_CASE("a block with another strong sum does not match", "[delta][matcher]")
{
    std::mt19937 random(Catch::rngSeed());
    const Bytes file = random_bytes(random, 640);
    BlockSums sums = sums_of(file, 64);
    sums.strong[16 * 3 + 15] ^= std::byte{1};  // the last byte of block 3

    const Bytes changed(file.begin() + 192, file.begin() + 256);
    CHECK(match(sums, file).tokens == std::vector{run(0, 3), literal(changed), run(4, 6)});
}

TEST_CASE("a matcher starts afresh after its end", "[delta][matcher]")
{
    std::mt19937 random(Catch::rngSeed());
    const Bytes basis = random_bytes(random, 1000);
    const BlockSums sums = sums_of(basis, 64);
    BlockDigest digest = a_digest();
    Matcher matcher(sums, digest);
    std::vector<KeptToken> first;
    matcher.feed(std::span(basis).first(500), keep_in(first));
    matcher.finish(keep_in(first));

    std::vector<KeptToken> second;
    matcher.feed(basis, keep_in(second));
    matcher.finish(keep_in(second));

    CHECK(second == std::vector{run(0, sums.count)});
}
