#include "delta/strong_sum.h"

#include "bytes.h"
#include "delta/md4.h"

#include <catch2/catch.hpp>

#include <random>
#include <string>

using namespace lockstep::delta;
using namespace lockstep::delta::test;

namespace {

Bytes cut(const Sum& sum, Digest digest)
{
    return {sum.begin(), sum.begin() + static_cast<std::ptrdiff_t>(digest_bytes(digest))};
}

Bytes file_sum(Digest digest, std::span<const std::byte> file)
{
    FileDigest whole(digest);
    whole.update(file);
    return cut(whole.finish(), digest);
}

Bytes block_sum(Digest digest, std::int32_t seed, SeedPlace place, std::span<const std::byte> block)
{
    return cut(BlockDigest(digest, seed, place).of(block), digest);
}

struct Answer {
    Digest digest;
    std::string_view message;
    std::string_view sum;
};

constexpr std::string_view alphabet = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view digits8 =
    "12345678901234567890123456789012345678901234567890123456789012345678901234567890";

constexpr Digest all_digests[] = {Digest::none,  Digest::md4,  Digest::md5,   Digest::sha1,
                                  Digest::xxh64, Digest::xxh3, Digest::xxh128};

}  // namespace

TEST_CASE("digests give the answers their makers publish", "[delta][strong_sum]")
{
    const Answer answer = GENERATE(values<Answer>({
        // RFC 1320, A.5
        {Digest::md4, "", "31d6cfe0d16ae931b73c59d7e0c089c0"},
        {Digest::md4, "a", "bde52cb31de33e46245e05fbdbd6fb24"},
        {Digest::md4, "abc", "a448017aaf21d8525fc10ae87aa6729d"},
        {Digest::md4, "message digest", "d9130a8164549fe818874806e1c7014b"},
        {Digest::md4, alphabet, "d79e1c308aa5bbcdeea8ed63df412da9"},
        {Digest::md4, digits8, "e33b4ddc9c38f2199c3e7b164fcc0536"},
        // RFC 1321, A.5
        {Digest::md5, "", "d41d8cd98f00b204e9800998ecf8427e"},
        {Digest::md5, "abc", "900150983cd24fb0d6963f7d28e17f72"},
        {Digest::md5, digits8, "57edf4a22be3c955ac49da2e2107b67a"},
        // RFC 3174, 7.3
        {Digest::sha1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
        // xxHash's own sanity check, little-endian here
        {Digest::xxh64, "", "99e9d85137db46ef"},
        {Digest::xxh3, "", "c294d3380580062d"},
        {Digest::xxh128, "", "7f498d4624c30160d8984701d306aa99"},
        {Digest::none, "anything", "00"},
    }));

    INFO(name_of(answer.digest) << " of '" << answer.message << "'");
    const Bytes message = bytes_of(answer.message);
    CHECK(file_sum(answer.digest, message) == from_hex(answer.sum));
    CHECK(block_sum(answer.digest, 0, SeedPlace::before, message) == from_hex(answer.sum));
}

TEST_CASE("file sums equal those of a stock daemon's session", "[delta][strong_sum]")
{
    // PROTOCOL.md 26.3, 26.5
    CHECK(file_sum(Digest::xxh128, bytes_of("AAAA")) ==
          from_hex("a2 d8 ac 35 69 16 82 d5 ef 84 72 48 54 41 30 4a"));
    CHECK(file_sum(Digest::xxh128, bytes_of("BBBBB")) ==
          from_hex("87 2a 5e bb 1c f7 03 3f 35 d6 1e 48 88 00 0b d2"));
    CHECK(file_sum(Digest::md5, bytes_of("hello hello hello hello\n")) ==
          from_hex("0e b3 8a 55 ee 9a b4 f5 d3 28 3f 6a 33 e0 52 9e"));
}

TEST_CASE("a file's digest does not depend on how the file is cut", "[delta][strong_sum]")
{
    std::mt19937 random(Catch::rngSeed());
    const Bytes file = random_bytes(random, 10'000);
    const Digest digest = GENERATE(from_range(std::begin(all_digests), std::end(all_digests)));

    FileDigest cuts(digest);
    for (std::span<const std::byte> rest = file; !rest.empty();) {
        const auto piece = rest.first(std::min<std::size_t>(rest.size(), random() % 300));
        cuts.update(piece);
        rest = rest.subspan(piece.size());
    }

    INFO(name_of(digest));
    CHECK(cut(cuts.finish(), digest) == file_sum(digest, file));
}

TEST_CASE("a file digest starts afresh after its end", "[delta][strong_sum]")
{
    const Digest digest = GENERATE(from_range(std::begin(all_digests), std::end(all_digests)));
    FileDigest whole(digest);
    whole.update(bytes_of("first"));
    whole.finish();

    whole.update(bytes_of("second"));

    INFO(name_of(digest));
    CHECK(cut(whole.finish(), digest) == file_sum(digest, bytes_of("second")));
}

TEST_CASE("a seed goes before or after the block, as four little-endian bytes",
          "[delta][strong_sum]")
{
    const Digest digest = GENERATE(Digest::md4, Digest::md5, Digest::sha1);
    const Bytes block = bytes_of("block");
    const std::int32_t seed = -2;
    Bytes before = from_hex("fe ff ff ff");
    before.insert(before.end(), block.begin(), block.end());
    Bytes after = block;
    for (const std::byte b : from_hex("fe ff ff ff")) after.push_back(b);

    INFO(name_of(digest));
    CHECK(block_sum(digest, seed, SeedPlace::before, block) == file_sum(digest, before));
    CHECK(block_sum(digest, seed, SeedPlace::after, block) == file_sum(digest, after));
}

TEST_CASE("a seed of zero is left out", "[delta][strong_sum]")
{
    const Digest digest = GENERATE(from_range(std::begin(all_digests), std::end(all_digests)));
    const SeedPlace place = GENERATE(SeedPlace::before, SeedPlace::after, SeedPlace::hash_seed);
    const Bytes block = bytes_of("block");

    INFO(name_of(digest));
    CHECK(block_sum(digest, 0, place, block) == file_sum(digest, block));
}

TEST_CASE("an xxHash seed is extended with its sign", "[delta][strong_sum]")
{
    // Computed with xxHash 0.8.1 itself: seeds 1 and 0xfffffffffffffffe.
    const Bytes block = bytes_of("block");
    const auto sum = [&](Digest digest, std::int32_t seed) {
        return block_sum(digest, seed, SeedPlace::hash_seed, block);
    };

    CHECK(sum(Digest::xxh64, 1) == from_hex("69c826cba943683e"));
    CHECK(sum(Digest::xxh64, -2) == from_hex("c76fa589c9bd8c37"));
    CHECK(sum(Digest::xxh3, 1) == from_hex("d9469a6e0c081b8e"));
    CHECK(sum(Digest::xxh3, -2) == from_hex("ca1fe45b37aa1ad5"));
    CHECK(sum(Digest::xxh128, 1) == from_hex("2c6dc0301217cad1775bae2c15bcb2f9"));
    CHECK(sum(Digest::xxh128, -2) == from_hex("0988b5f7dddf8cb9f7f7debfb4e993ac"));
}

TEST_CASE("the old md4 of a file hashes its seed first, even zero", "[delta][strong_sum]")
{
    const std::int32_t seed = GENERATE(0, 0x01020304);
    FileDigest old(Digest::md4, seed);
    old.update(bytes_of("file"));

    Bytes seeded = from_hex(seed == 0 ? "00 00 00 00" : "04 03 02 01");
    for (const std::byte b : bytes_of("file")) seeded.push_back(b);
    CHECK(cut(old.finish(), Digest::md4) == file_sum(Digest::md4, seeded));
}

TEST_CASE("digests are known by their names on the wire", "[delta][strong_sum]")
{
    for (const Digest digest : all_digests) CHECK(digest_from_name(name_of(digest)) == digest);
    CHECK(digest_from_name("xxhash") == Digest::xxh64);
    CHECK(digest_from_name("sha256") == std::nullopt);
    CHECK(digest_from_name("") == std::nullopt);
}

TEST_CASE("md4 pads every length around its chunks rightly", "[delta][strong_sum]")
{
    // The md4 of the md4s of 00 01 02 .. of each length below 130; the expected one by OpenSSL's
    // legacy provider.
    Bytes message;
    Md4 of_all;
    for (std::size_t size = 0; size < 130; ++size) {
        Md4 whole;
        whole.update(message);
        const auto sum = whole.finish();
        of_all.update(sum);

        Md4 bytewise;
        for (const std::byte& b : message) bytewise.update(std::span(&b, 1));
        INFO("length " << size);
        REQUIRE(bytewise.finish() == sum);
        message.push_back(static_cast<std::byte>(size));
    }
    const auto sum = of_all.finish();
    CHECK(Bytes(sum.begin(), sum.end()) == from_hex("22857912fd0de33494094ebeeff83fda"));
}
