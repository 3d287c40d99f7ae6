#include "transport/requests.h"

#include "base/error.h"
#include "bytes.h"
#include "transport/echo.h"

#include <catch2/catch.hpp>

#include <random>

using namespace lockstep;
using namespace lockstep::transport;
using test::bytes;
using test::hex;

namespace {

RequestForm form_of(int entries)
{
    RequestForm form;
    form.entries = entries;
    return form;
}

// Fed in pieces of `piece` bytes, everything taken as soon as it can be.
std::vector<GeneratorItem> decoded(const RequestForm& form, std::span<const std::byte> stream,
                                   std::size_t piece = 1'000'000)
{
    RequestDecoder decoder(form);
    std::vector<GeneratorItem> items;
    while (!stream.empty()) {
        const std::size_t length = std::min(piece, stream.size());
        decoder.feed(stream.first(length));
        stream = stream.subspan(length);
        while (std::optional<GeneratorItem> item = decoder.next())
            items.push_back(std::move(*item));
    }
    CHECK(decoder.buffered_bytes() == 0);
    return items;
}

Request request_at(const std::vector<GeneratorItem>& items, std::size_t at)
{
    REQUIRE(at < items.size());
    REQUIRE(std::holds_alternative<Request>(items[at]));
    return std::get<Request>(items[at]);
}

bool refused(const RequestForm& form, std::string_view dump)
{
    const Bytes raw = bytes(dump);
    RequestDecoder decoder(form);
    decoder.feed(raw);
    try {
        while (decoder.next()) continue;
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::protocol);
        CHECK(error.remedy() == Remedy::retry);
        return true;
    }
    return false;
}

Bytes echoed(const RequestForm& form, const std::vector<GeneratorItem>& items,
             const std::vector<std::string>& values = {})
{
    NdxWriter ndx(form.protocol);
    Bytes out;
    for (const GeneratorItem& item : items)
        if (const auto* request = std::get_if<Request>(&item))
            put_echo(out, ndx, *request, values, form.protocol);
    return out;
}

}  // namespace

TEST_CASE("the requests of the protocol's dump are read, however they are cut",
          "[transport][requests]")
{
    // PROTOCOL.md 26.3, then the end of the session.
    const Bytes stream = bytes(
        "02 00 a0 00*16 01 00 a0 00*16 01 02 60 00 "
        "00 00 ff 02 01 02 80 80 00 05 00 00");
    const std::size_t piece = GENERATE(range(1, 70));

    const std::vector<GeneratorItem> items = decoded(form_of(5), stream, piece);

    REQUIRE(items.size() == 9);
    CHECK(request_at(items, 0).ndx == 1);
    CHECK(request_at(items, 0).wants_transfer());
    CHECK(request_at(items, 0).sums == delta::BlockSums{});
    CHECK(request_at(items, 1).ndx == 2);
    CHECK(request_at(items, 2).ndx == 3);
    CHECK(request_at(items, 2).iflags == 0x6002);
    CHECK_FALSE(request_at(items, 2).wants_transfer());
    for (const std::size_t at : {3, 4, 5, 7, 8}) CHECK(std::holds_alternative<Done>(items[at]));
    REQUIRE(std::holds_alternative<DelStats>(items[6]));
    const DelStats stats = std::get<DelStats>(items[6]);
    CHECK(stats.files == 1);
    CHECK(stats.dirs == 2);
    CHECK(stats.symlinks == 128);
    CHECK(stats.devices == 0);
    CHECK(stats.specials == 5);
}

TEST_CASE("block sums are read as in the protocol's dump, however they are cut",
          "[transport][requests]")
{
    // PROTOCOL.md 26.4.
    const Bytes stream = bytes(
        "01 0c 80 03 00 00 00 bc 02 00 00 02 00 00 00 64 00 00 00 "
        "15 81 07 2c 33 c5 81 81 b3 85 ea 81 94 12 5c a9 50 2e 00");
    const std::size_t piece = GENERATE(range(1, 40));

    const std::vector<GeneratorItem> items = decoded(form_of(1), stream, piece);

    REQUIRE(items.size() == 2);
    const Request request = request_at(items, 0);
    CHECK(request.ndx == 0);
    CHECK(request.iflags == 0x800c);
    CHECK(request.sums.count == 3);
    CHECK(request.sums.block_bytes == 700);
    CHECK(request.sums.remainder_bytes == 100);
    CHECK(request.sums.weak == std::vector<std::uint32_t>{0x2c078115, 0x85b38181, 0xa95c1294});
    CHECK(hex(request.sums.strong) == "33 c5 ea 81 50 2e");
    CHECK(hex(echoed(form_of(1), items)) == hex(std::span(stream).first(19)));
}

TEST_CASE("with --append sums follow from the second phase on", "[transport][requests][append]")
{
    // The head of a file of 1500 bytes in each phase; what 26.4 shows behind the second.
    const std::string head = "00 80 03 00 00 00 bc 02 00 00 02 00 00 00 64 00 00 00 ";
    const Bytes stream = bytes("01 " + head + "00 01 " + head +
                               "15 81 07 2c 33 c5 81 81 b3 85 ea 81 94 12 5c a9 50 2e 00");
    RequestForm form = form_of(2);
    form.append = true;
    const std::size_t piece = GENERATE(range(1, 70));

    const std::vector<GeneratorItem> items = decoded(form, stream, piece);

    REQUIRE(items.size() == 4);
    CHECK(request_at(items, 0).sums.basis_bytes() == 1500);
    CHECK(request_at(items, 0).sums.weak.empty());
    CHECK(std::holds_alternative<Done>(items[1]));
    CHECK(request_at(items, 2).sums.weak.size() == 3);
    CHECK(std::holds_alternative<Done>(items[3]));
}

TEST_CASE("an echo says back what was asked", "[transport][requests][echo]")
{
    const std::vector<std::string_view> heads = {
        "02 00 a0 00*16",                              // a new file
        "01 00 70 03 'a/b'",                           // linked to a/b
        "05 10 00",                                    // chmod done
        "05 00 b8 83 01 'x' 00*16",                    // a fuzzy basis
        "01 00 80 00*4 bc 02 00 00 02 00 00 00 00*4",  // an empty basis
    };
    Bytes stream;
    for (const std::string_view head : heads) put_bytes(stream, bytes(head));

    const std::vector<GeneratorItem> items = decoded(form_of(100), stream);

    CHECK(items.size() == heads.size());
    CHECK(request_at(items, 1).name == "a/b");
    CHECK(request_at(items, 3).basis_type == 0x83);
    CHECK(hex(echoed(form_of(100), items)) == hex(stream));
}

TEST_CASE("before protocol 29 a request is an index and a sum head", "[transport][requests]")
{
    RequestForm form = form_of(3);
    form.protocol = 28;
    const Bytes stream = bytes("02 00 00 00 00*16 ff ff ff ff");

    const std::vector<GeneratorItem> items = decoded(form, stream, 3);

    REQUIRE(items.size() == 2);
    CHECK(request_at(items, 0).ndx == 2);
    CHECK(request_at(items, 0).wants_transfer());
    CHECK(std::holds_alternative<Done>(items[1]));
    CHECK(hex(echoed(form, items)) == hex(std::span(stream).first(20)));
}

TEST_CASE("protocol 29's sign of life is passed over", "[transport][requests]")
{
    RequestForm form = form_of(3);
    form.protocol = 29;
    const std::vector<GeneratorItem> items =
        decoded(form, bytes("03 00 00 00 00 20 ff ff ff ff"), 1);

    REQUIRE(items.size() == 1);
    CHECK(std::holds_alternative<Done>(items[0]));
    CHECK(refused(form, "03 00 00 00 00 a0 00*16"));
    CHECK(refused(form, "04 00 00 00 00 20"));
}

TEST_CASE("wanted attributes are numbers in steps, answered by their values",
          "[transport][requests][echo]")
{
    RequestForm form = form_of(3);
    form.xattrs = true;
    const Bytes stream = bytes("01 00 81 02 03 00 00*16 01 00 01 00");

    const std::vector<GeneratorItem> items = decoded(form, stream, 1);

    REQUIRE(items.size() == 2);
    CHECK(request_at(items, 0).xattr_list);
    CHECK(request_at(items, 0).xattrs_wanted == std::vector<std::int32_t>{2, 5});
    CHECK(request_at(items, 1).xattr_list);
    CHECK(request_at(items, 1).xattrs_wanted.empty());

    NdxWriter ndx(32);
    Bytes out;
    put_echo(out, ndx, request_at(items, 0), {"two", std::string(200, '5')}, 32);
    put_echo(out, ndx, request_at(items, 1), {}, 32);
    CHECK(hex(out) == hex(bytes("01 00 81 02 03 'two' 03 80 c8 35*200 00 00*16 01 00 01 00")));
}

TEST_CASE("a made hard link carries no attribute list where the daemon takes the short cut",
          "[transport][requests]")
{
    RequestForm form = form_of(3);
    form.xattrs = true;
    const Bytes linked = bytes("01 00 71 01 'a' 00");
    CHECK(decoded(form, linked).size() == 1);  // the 00 ends the list

    form.avoid_xattr_optim = false;
    CHECK(decoded(form, linked).size() == 2);  // the 00 is DONE

    form.protocol = 30;
    CHECK(decoded(form, linked).size() == 1);

    form.xattrs = false;
    CHECK(decoded(form, linked).size() == 2);
}

TEST_CASE("what no generator may say is refused", "[transport][requests]")
{
    const RequestForm form = form_of(5);
    CHECK_FALSE(refused(form, "05 00 a0 00*16"));
    CHECK(refused(form, "06 00 a0 00*16"));                    // index 5 of 5
    CHECK(refused(form, "fe ff ff ff ff 00 a0"));              // 2^31 - 1
    CHECK(refused(form, "ff 01"));                             // FLIST_EOF
    CHECK(refused(form, "ff 64"));                             // another list
    CHECK(refused(form, "ff 02 f0 ff ff ff ff 00 00 00 00"));  // -1 files deleted
    CHECK(refused(form, "01 00 90 ff ff 61*32767 00*16"));     // a name of 32767 bytes
    const std::string head = "01 00 80 ";
    CHECK(refused(form, head + "ff ff ff ff 00*12"));                         // -1 blocks
    CHECK(refused(form, head + "01 00 00 00 00*4 02 00 00 00 00*4"));         // of no length
    CHECK(refused(form, head + "01 00 00 00 01 00 00 20 02 00 00 00 00*4"));  // of 2^29 + 1
    CHECK(refused(form, head + "01 00 00 00 ff ff ff ff 02 00 00 00 00*4"));  // of -1
    CHECK(refused(form, head + "01 00 00 00 bc 02 00 00 00*4 00*4"));         // no strong sum
    CHECK(refused(form, head + "01 00 00 00 bc 02 00 00 11 00 00 00 00*4"));  // of 17 bytes
    CHECK(refused(form, head + "01 00 00 00 bc 02 00 00 ff ff ff ff 00*4"));  // of -1 bytes
    CHECK(refused(form,
                  head + "01 00 00 00 bc 02 00 00 02 00 00 00 bd 02 00 00"));  // the rest too long
    CHECK(refused(form, head + "01 00 00 00 bc 02 00 00 02 00 00 00 ff ff ff ff"));
    CHECK(refused(form, head + "01 00 10 00 bc 02 00 00 02 00 00 00 00*4"));  // 2^20 + 1 small ones
    CHECK(refused(form, head + "01 00 00 08 00 00 02 00 02 00 00 00 00*4"));  // 2^27 + 1 large ones
    CHECK(refused(form, head + "00*4 ff ff ff 7f 00*8"));  // no blocks, absurd length
}

TEST_CASE("attribute numbers that cannot be are refused", "[transport][requests]")
{
    RequestForm form = form_of(5);
    form.xattrs = true;
    CHECK(refused(form, "01 00 01 f0 ff ff ff ff 00"));
    CHECK(refused(form, "01 00 01 f0 ff ff ff 7f 01 00"));
    CHECK(refused(form, "01 00 01 01*70000 00"));
    CHECK_FALSE(refused(form, "01 00 01 01*60000 00"));
}

TEST_CASE("sums that were announced and did not come take no memory", "[transport][requests]")
{
    RequestDecoder decoder(form_of(5));
    decoder.feed(bytes("01 00 80 00 00 00 08 00 00 02 00 10 00 00 00 00*4 aa*30"));

    CHECK_FALSE(decoder.next().has_value());
    CHECK(decoder.buffered_bytes() == 10);
}

TEST_CASE("of more sums than a file can match the first are kept and the rest is passed over",
          "[transport][requests]")
{
    RequestForm form = form_of(5);
    const std::size_t sum_bytes = 20;
    const std::size_t count = 1'000'000;
    std::size_t kept = RequestDecoder::sums_bytes_max / sum_bytes;
    SECTION("of small files") {}
    SECTION("of a large one")
    {
        kept = 700'000;
        form.largest_file_bytes = (kept - 1) * 128 * 1024;
    }
    RequestDecoder decoder(form);
    decoder.feed(bytes("01 00 80 40 42 0f 00 00 00 02 00 10 00 00 00 00*4"));
    Bytes sums;
    for (int i = 0; i < 1000; ++i) {
        put_i32(sums, i);
        put_bytes(sums, std::string(16, 's'));
    }

    std::optional<GeneratorItem> item;
    for (std::size_t i = 0; i < count / 1000; ++i) {
        REQUIRE_FALSE(decoder.next().has_value());
        decoder.feed(sums);
    }
    decoder.feed(bytes("00"));
    item = decoder.next();

    REQUIRE(item.has_value());
    const Request request = std::get<Request>(*item);
    CHECK(request.sums.count == count);
    CHECK(request.sums.weak.size() == kept);
    CHECK(request.sums.strong.size() == kept * 16);
    CHECK(request.sums.weak[1001] == 1);
    INFO("and the next item begins where they end");
    item = decoder.next();
    REQUIRE(item.has_value());
    CHECK(std::holds_alternative<Done>(*item));
}

TEST_CASE("noise is either understood or refused, never more than was fed", "[transport][requests]")
{
    std::mt19937 random(Catch::rngSeed());
    INFO("seed " << Catch::rngSeed());
    for (int round = 0; round < 2000; ++round) {
        RequestForm form = form_of(static_cast<int>(random() % 300));
        form.protocol = 27 + static_cast<int>(random() % 6);
        form.xattrs = random() % 2 == 0;
        Bytes noise(random() % 200);
        for (std::byte& b : noise)
            b = static_cast<std::byte>(random() % 4 == 0 ? random() : random() % 3);
        RequestDecoder decoder(form);
        std::size_t items = 0;
        try {
            decoder.feed(noise);
            while (decoder.next()) ++items;
        } catch (const Error&) {
            continue;
        }
        REQUIRE(items <= noise.size());
        REQUIRE(decoder.buffered_bytes() <= noise.size());
    }
}
