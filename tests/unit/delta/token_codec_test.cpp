#include "delta/token_codec.h"

#include "base/error.h"
#include "basis.h"
#include "token_decoder.h"

#include <catch2/catch.hpp>

#include <string>

using namespace lockstep::delta;
using namespace lockstep::delta::test;

namespace {

const std::vector<std::string> all_forms = {"none", "zlibx", "zlib", "zstd", "lz4"};
const std::vector<std::string> compressed_forms = {"zlibx", "zlib", "zstd", "lz4"};

Token literal(std::span<const std::byte> bytes)
{
    return {.literal = bytes};
}

Token run(std::uint32_t first, std::uint32_t blocks, std::span<const std::byte> matched = {})
{
    return {.first_block = first, .blocks = blocks, .matched = matched};
}

Bytes encode(TokenCodec& codec, const std::vector<Token>& tokens)
{
    Bytes out;
    codec.begin(Effort::usual);
    for (const Token& token : tokens) codec.put(token, token.matched, out);
    codec.end(out);
    return out;
}

Bytes encode(std::string_view compress, const std::vector<Token>& tokens)
{
    const auto codec = make_token_codec(compress, 0, 31);
    return encode(*codec, tokens);
}

// The matcher between file and codec, as a sender has it.
Bytes encode_file(TokenCodec& codec, const BlockSums& sums, std::span<const std::byte> file,
                  std::size_t feed_bytes, Effort effort = Effort::usual)
{
    BlockDigest digest(Digest::xxh128, 1, SeedPlace::hash_seed);
    Matcher matcher(
        sums, digest,
        codec.needs_matched_bytes() ? Matcher::MatchedBytes::keep : Matcher::MatchedBytes::drop);
    Bytes out;
    const Matcher::Sink sink = [&](const Token& token) { codec.put(token, token.matched, out); };
    codec.begin(effort);
    while (!file.empty()) {
        const auto piece = file.first(std::min(file.size(), feed_bytes));
        matcher.feed(piece, sink);
        file = file.subspan(piece.size());
    }
    matcher.finish(sink);
    codec.end(out);
    return out;
}

}  // namespace

TEST_CASE("a session's token streams, decoded over the basis, give its files", "[delta][codec]")
{
    std::mt19937 random(Catch::rngSeed());
    const std::string form = GENERATE(from_range(all_forms));
    const int level = GENERATE(0, 1, 9);
    const int protocol = GENERATE(29, 31, 32);
    const auto codec = make_token_codec(form, level, protocol);
    const auto decoder = make_token_decoder(form);
    BlockDigest digest(Digest::xxh128, 1, SeedPlace::hash_seed);

    for (int round = 0; round < 20; ++round) {
        const auto letters = static_cast<unsigned>(round % 3 == 0 ? 256 : 1 + random() % 20);
        const Bytes basis = random_bytes(random, random() % 100'000, letters);
        const Bytes file = edited(random, basis, random() % 8);
        const auto block_bytes = static_cast<std::uint32_t>(1 + random() % 3000);
        const BlockSums sums = sums_of(basis, block_bytes, 16, digest);

        const Effort effort = random() % 3 == 0 ? Effort::least : Effort::usual;

        const Bytes wire = encode_file(*codec, sums, file, 1 + random() % 50'000, effort);

        INFO(form << " level " << level << ", file " << round << " of " << file.size()
                  << " bytes, blocks of " << block_bytes);
        REQUIRE(decoder->decode(wire, basis, sums) == file);
    }
}

TEST_CASE("literals that do not shrink survive", "[delta][codec]")
{
    std::mt19937 random(Catch::rngSeed());
    const std::string form = GENERATE(from_range(all_forms));
    const auto codec = make_token_codec(form, 0, 32);
    const auto decoder = make_token_decoder(form);

    for (const std::size_t size : {1, 16'382, 16'383, 16'384, 32'768, 65'536, 1'000'003}) {
        const Bytes file = random_bytes(random, size);
        INFO(form << ", " << size << " bytes");
        REQUIRE(decoder->decode(encode(*codec, {literal(file)}), {}, {}) == file);
    }
}

TEST_CASE("blocks longer than deflate's stored block keep both zlib windows alike",
          "[delta][codec]")
{
    std::mt19937 random(Catch::rngSeed());
    const Bytes basis = random_bytes(random, 300'000);
    Bytes file = basis;
    for (std::size_t at = 5; at < file.size(); at += 140'000) file[at] ^= std::byte{1};
    BlockDigest digest(Digest::md5, 1, SeedPlace::before);
    const BlockSums sums = sums_of(basis, 100'000, 16, digest);
    const int protocol = GENERATE(30, 31);
    const auto codec = make_token_codec("zlib", 0, protocol);

    const Bytes wire = encode_file(*codec, sums, file, 250'000);

    CHECK(make_token_decoder("zlib")->decode(wire, basis, sums) == file);
}

TEST_CASE("zlib sends long blocks as literals where receivers would mistake them", "[delta][codec]")
{
    // PROTOCOL.md 16.4: before protocol 31 a block's bytes past 65535 enter the window wrongly.
    const Bytes block(65'536, std::byte{7});
    const std::span<const std::byte> all(block);
    const auto size_of = [](int protocol, const Token& token) {
        const auto codec = make_token_codec("zlib", 0, protocol);
        return encode(*codec, {token}).size();
    };

    CHECK(size_of(31, run(0, 1, all)) == 2);
    CHECK(size_of(30, run(0, 1, all)) > 2);
    CHECK(size_of(30, run(0, 1, all.first(65'535))) == 2);
    CHECK(size_of(30, run(0, 3, all)) == 4);
}

TEST_CASE("plain tokens are as a stock daemon takes them", "[delta][codec]")
{
    // PROTOCOL.md 26.4
    const Bytes insert = bytes_of("insert!");
    CHECK(encode("none", {run(0, 1), literal(insert), run(1, 2)}) ==
          from_hex("ff ff ff ff  07 00 00 00 69 6e 73 65 72 74 21  fe ff ff ff  fd ff ff ff"
                   "00 00 00 00"));
}

TEST_CASE("zlibx tokens are as a stock daemon takes them", "[delta][codec]")
{
    // PROTOCOL.md 26.5
    const Bytes hello = bytes_of("hello hello hello hello\n");
    CHECK(encode("zlibx", {literal(hello)}) ==
          from_hex("40 0c  ca 48 cd c9 c9 57 c8 40 27 b9 00 00  00"));
}

TEST_CASE("a file of no bytes is an end mark", "[delta][codec]")
{
    CHECK(encode("none", {}) == from_hex("00 00 00 00"));
    for (const std::string& form : compressed_forms) CHECK(encode(form, {}) == from_hex("00"));
}

TEST_CASE("runs are numbered from the last block of the one before", "[delta][codec]")
{
    // PROTOCOL.md 16.3. The zlib form would want bytes; it frames like the others.
    const std::string form = GENERATE("zlibx", "zstd", "lz4");

    CHECK(encode(form, {run(0, 1)}) == from_hex("80 00"));
    CHECK(encode(form, {run(63, 1)}) == from_hex("bf 00"));
    CHECK(encode(form, {run(64, 1)}) == from_hex("20 40 00 00 00 00"));
    CHECK(encode(form, {run(2, 5)}) == from_hex("c2 04 00 00"));
    CHECK(encode(form, {run(0x12345, 2)}) == from_hex("21 45 23 01 00 01 00 00"));
    CHECK(encode(form, {run(10, 5), run(14, 1), run(77, 1)}) == from_hex("ca 04 00 80 bf 00"));
    CHECK(encode(form, {run(9, 1), run(8, 1)}) == from_hex("89 20 08 00 00 00 00"));
}

TEST_CASE("a run longer than its count can say is split", "[delta][codec]")
{
    CHECK(encode("zlibx", {run(1, 65'536)}) == from_hex("c1 ff ff 00"));
    CHECK(encode("zlibx", {run(1, 65'537)}) == from_hex("c1 ff ff 81 00"));
    CHECK(encode("zlibx", {run(1, 65'539)}) == from_hex("c1 ff ff c1 02 00 00"));
}

TEST_CASE("a second file's blocks are numbered afresh", "[delta][codec]")
{
    const std::string form = GENERATE("zlibx", "zstd", "lz4");
    const auto codec = make_token_codec(form, 0, 32);
    encode(*codec, {run(40, 9)});

    CHECK(encode(*codec, {run(50, 1)}) == from_hex("b2 00"));
}

TEST_CASE("a zstd session remembers the files it has sent", "[delta][codec]")
{
    std::mt19937 random(Catch::rngSeed());
    const Bytes file = random_bytes(random, 5000);
    const auto codec = make_token_codec("zstd", 0, 32);
    const std::size_t first = encode(*codec, {literal(file)}).size();

    const std::size_t second = encode(*codec, {literal(file)}).size();

    CHECK(first > 4500);
    CHECK(second < 100);
}

TEST_CASE("zlib finds in a literal what was in a matched block", "[delta][codec]")
{
    std::mt19937 random(Catch::rngSeed());
    const Bytes block = random_bytes(random, 5000);
    const std::vector<Token> tokens = {run(0, 1, block), literal(block)};

    CHECK(encode("zlib", tokens).size() < 100);
    CHECK(encode("zlibx", tokens).size() > 4500);
}

TEST_CASE("only zlib asks for the matched bytes, and refuses to go on without", "[delta][codec]")
{
    for (const std::string& form : all_forms)
        CHECK(make_token_codec(form, 0, 30)->needs_matched_bytes() == (form == "zlib"));
    CHECK_THROWS_AS(encode("zlib", {run(0, 1)}), lockstep::Error);
}

TEST_CASE("zlib's forms store what is compressed already, and only that", "[delta][codec]")
{
    const std::string form = GENERATE("zlibx", "zlib");
    const auto codec = make_token_codec(form, 0, 31);
    const Bytes zeros(1'000'000);
    const auto size = [&](Effort effort) {
        return encode_file(*codec, {}, zeros, 100'000, effort).size();
    };

    CHECK(size(Effort::usual) < 10'000);
    CHECK(size(Effort::least) > zeros.size());
    CHECK(size(Effort::least) < zeros.size() + 1000);
    CHECK(size(Effort::usual) < 10'000);
}

TEST_CASE("an unknown compressor's name makes no codec", "[delta][codec]")
{
    CHECK(make_token_codec("bzip2", 0, 32) == nullptr);
    CHECK(make_token_codec("", 0, 32) == nullptr);
}

TEST_CASE("a level out of range is taken for the nearest", "[delta][codec]")
{
    const Bytes file = bytes_of("some text, some text, some text");
    const std::string form = GENERATE(from_range(compressed_forms));
    const auto lowest = make_token_codec(form, -1'000'000'000, 32);

    CHECK(make_token_decoder(form)->decode(encode(*lowest, {literal(file)}), {}, {}) == file);
    // Without a literal: zstd at its highest takes hundreds of megabytes for one.
    const auto highest = make_token_codec(form, 1'000'000'000, 32);
    CHECK(encode(*highest, {}) == from_hex("00"));
}
