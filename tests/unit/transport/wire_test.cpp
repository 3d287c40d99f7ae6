#include "transport/wire.h"

#include "base/error.h"
#include "bytes.h"

#include <catch2/catch.hpp>

#include <limits>
#include <random>

using namespace lockstep;
using namespace lockstep::transport;
using test::bytes;
using test::hex;

namespace {

// Values of every length, the borders of each among them.
std::vector<std::int64_t> interesting_values()
{
    std::vector<std::int64_t> values = {0, 1, -1, std::numeric_limits<std::int64_t>::max(),
                                        std::numeric_limits<std::int64_t>::min()};
    for (int shift = 1; shift < 63; ++shift)
        for (const std::int64_t off : {-1, 0, 1})
            values.push_back((std::int64_t{1} << shift) + off);
    std::mt19937_64 random(Catch::rngSeed());
    for (int i = 0; i < 2000; ++i)
        values.push_back(static_cast<std::int64_t>(random() >> (random() % 64)));
    return values;
}

}  // namespace

TEST_CASE("varints are written as in the protocol's table", "[transport][wire]")
{
    const std::vector<std::pair<std::int32_t, const char*>> table = {{0, "00"},
                                                                     {127, "7f"},
                                                                     {128, "80 80"},
                                                                     {16383, "bf ff"},
                                                                     {16384, "c0 00 40"},
                                                                     {1700000000, "f0 00 f1 53 65"},
                                                                     {-1, "f0 ff ff ff ff"},
                                                                     {0x1fe, "81 fe"}};
    for (const auto& [value, dump] : table) {
        Bytes out;
        put_varint(out, value);
        CHECK(hex(out) == dump);
    }
}

TEST_CASE("varlongs are written as in the protocol's table", "[transport][wire]")
{
    struct Row {
        std::int64_t value;
        int min_bytes;
        const char* dump;
    };
    const std::vector<Row> table = {{0, 3, "00 00 00"},
                                    {255, 3, "00 ff 00"},
                                    {0x7fffff, 3, "7f ff ff"},
                                    {0x800000, 3, "80 00 00 80"},
                                    {0x1000000, 3, "81 00 00 00"},
                                    {std::int64_t{1} << 32, 3, "c1 00 00 00 00"},
                                    {0, 4, "00 00 00 00"},
                                    {1700000000, 4, "65 00 f1 53"},
                                    {std::int64_t{1} << 31, 4, "80 00 00 00 80"},
                                    {std::int64_t{1} << 32, 4, "81 00 00 00 00"},
                                    {4102444800, 4, "80 00 57 86 f4"},
                                    {-1, 4, "f8 ff ff ff ff ff ff ff ff"}};
    for (const Row& row : table) {
        Bytes out;
        put_varlong(out, row.value, row.min_bytes);
        CHECK(hex(out) == row.dump);
    }
}

TEST_CASE("a varint reads as what was written, and not before its last byte", "[transport][wire]")
{
    for (const std::int64_t wide : interesting_values()) {
        const auto value = static_cast<std::int32_t>(wide);
        Bytes out;
        put_varint(out, value);
        for (std::size_t cut = 0; cut < out.size(); ++cut) {
            Cursor part{std::span(out).first(cut)};
            REQUIRE(part.varint() == std::nullopt);
            REQUIRE(part.consumed() == 0);
        }
        Cursor whole(out);
        REQUIRE(whole.varint() == value);
        REQUIRE(whole.left() == 0);
    }
}

TEST_CASE("a varlong reads as what was written, and not before its last byte", "[transport][wire]")
{
    const int min_bytes = GENERATE(3, 4);
    for (const std::int64_t value : interesting_values()) {
        Bytes out;
        put_varlong(out, value, min_bytes);
        for (std::size_t cut = 0; cut < out.size(); ++cut) {
            Cursor part{std::span(out).first(cut)};
            REQUIRE(part.varlong(min_bytes) == std::nullopt);
            REQUIRE(part.consumed() == 0);
        }
        Cursor whole(out);
        REQUIRE(whole.varlong(min_bytes) == value);
        REQUIRE(whole.left() == 0);
    }
}

TEST_CASE("a longint has four bytes, or twelve when it does not fit", "[transport][wire]")
{
    Bytes out;
    put_longint(out, 0x7fffffff);
    put_longint(out, 0x80000000);
    put_longint(out, -1);

    CHECK(hex(out) ==
          "ff ff ff 7f "
          "ff ff ff ff 00 00 00 80 00 00 00 00 "
          "ff ff ff ff ff ff ff ff ff ff ff ff");
}

TEST_CASE("a vstring says its length in one byte, or in two from 128 on", "[transport][wire]")
{
    const std::size_t length = GENERATE(std::size_t{0}, std::size_t{1}, std::size_t{127},
                                        std::size_t{128}, std::size_t{0x7fff});
    const std::string text(length, 'n');
    Bytes out;
    put_vstring(out, text);

    CHECK(out.size() == length + (length < 128 ? 1 : 2));
    Cursor cut{std::span(out).first(out.size() - 1)};
    CHECK(cut.vstring() == std::nullopt);
    CHECK(cut.consumed() == 0);
    Cursor whole(out);
    CHECK(whole.vstring() == text);
    CHECK(whole.left() == 0);
}

TEST_CASE("a number that its type cannot hold is refused", "[transport][wire]")
{
    for (const char* const dump : {"f1 00 00 00 00", "f8 00*8", "fc 00*8", "ff 00*8"}) {
        INFO(dump);
        const Bytes raw = bytes(dump);
        Cursor in(raw);
        CHECK_THROWS_AS(in.varint(), Error);
    }
    for (const char* const dump : {"fc 00*12", "ff 00*12", "f9 00*8"}) {
        INFO(dump);
        const Bytes raw = bytes(dump);
        Cursor in(raw);
        CHECK_THROWS_AS(in.varlong(4), Error);
    }
}

TEST_CASE("indices are coded as the steps of the protocol's example", "[transport][wire][ndx]")
{
    const std::vector<std::int32_t> indices = {0,    1,    2,  255,   300,     5,
                                               -101, -102, -2, 40000, ndx_done};
    const Bytes expected =
        bytes("01 01 01 fd 2d fe 80 05 00 00 ff 64 ff 01 ff fe 80 02 00 00 fe 80 40 9c 00 00");
    NdxWriter writer(32);
    Bytes out;
    for (const std::int32_t ndx : indices) writer.put(out, ndx);
    CHECK(hex(out) == hex(expected));

    NdxReader reader(32);
    Cursor in(expected);
    for (const std::int32_t ndx : indices) CHECK(reader.get(in) == ndx);
    CHECK(in.left() == 0);
}

TEST_CASE("indices read as what was written, however the bytes are cut", "[transport][wire][ndx]")
{
    const int protocol = GENERATE(27, 29, 30, 32);
    std::mt19937 random(Catch::rngSeed());
    std::vector<std::int32_t> indices = {0, 253, 506, 507, 760, 761, 33528, 0x7fffffff, 0};
    for (int i = 0; i < 500; ++i)
        indices.push_back(static_cast<std::int32_t>(random() >> (1 + random() % 31)));
    for (int i = 0; i < 50; ++i) indices.push_back(-2 - static_cast<std::int32_t>(random() % 1000));
    std::shuffle(indices.begin(), indices.end(), random);
    NdxWriter writer(protocol);
    Bytes out;
    for (const std::int32_t ndx : indices) writer.put(out, ndx);

    NdxReader reader(protocol);
    std::size_t at = 0;
    for (const std::int32_t ndx : indices) {
        std::optional<std::int32_t> read;
        for (std::size_t given = 0; !read; ++given) {
            REQUIRE(at + given <= out.size());
            Cursor in{std::span(out).subspan(at, given)};
            read = reader.get(in);
            if (!read) REQUIRE(in.consumed() == 0);
            if (read) at += in.consumed();
        }
        REQUIRE(*read == ndx);
    }
    CHECK(at == out.size());
}

TEST_CASE("an index that runs beyond 31 bits is refused", "[transport][wire][ndx]")
{
    const Bytes raw = bytes("fe ff ff ff ff fd");
    NdxReader reader(32);
    Cursor in(raw);
    CHECK(reader.get(in) == 0x7fffffff);
    CHECK_THROWS_AS(reader.get(in), Error);
}
