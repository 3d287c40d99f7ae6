#include "transport/mux.h"

#include "base/error.h"
#include "bytes.h"

#include <catch2/catch.hpp>

#include <random>

using namespace lockstep;
using namespace lockstep::transport;
using test::bytes;
using test::hex;

namespace {

struct Heard {
    Bytes data;
    std::vector<Message> messages;
};

// Feeds `stream` in pieces of the given lengths, the last one repeated.
Heard hear(std::span<const std::byte> stream, std::size_t piece)
{
    Heard heard;
    const Demux::Sink sink{[&](std::span<const std::byte> part) { put_bytes(heard.data, part); },
                           [&](Message message) { heard.messages.push_back(std::move(message)); }};
    Demux demux;
    while (!stream.empty()) {
        const std::size_t length = std::min(piece, stream.size());
        demux.feed(stream.first(length), sink);
        stream = stream.subspan(length);
    }
    return heard;
}

}  // namespace

TEST_CASE("a frame is its length and kind, then its payload", "[transport][mux]")
{
    Bytes out;
    put_frame(out, Tag::data, bytes("2a"));
    put_keepalive(out);
    put_frame(out, Tag::no_send, bytes("05 00 00 00"));
    put_frame(out, Tag::error_exit, {});

    CHECK(hex(out) ==
          hex(bytes("01 00 00 07 2a  00 00 00 07  04 00 00 6d 05 00 00 00  00 00 00 5d")));
}

TEST_CASE("data longer than a frame is cut and arrives whole", "[transport][mux]")
{
    const std::size_t length =
        GENERATE(std::size_t{65536}, std::size_t{65537}, std::size_t{1'000'000});
    Bytes data(length, std::byte{7});
    data.back() = std::byte{9};
    Bytes out;
    put_frame(out, Tag::data, data);

    CHECK(hear(out, out.size()).data == data);
}

TEST_CASE("frames read the same however the stream is cut", "[transport][mux]")
{
    const Bytes stream = bytes(
        "04 00 00 28 3c 00 00 00"   // IO_TIMEOUT 60
        "03 00 00 07 01 02 03"      //
        "00 00 00 07"               // keepalive
        "05 00 00 08 'no\n' 41 0a"  // ERROR_XFER
        "02 00 00 07 04 05"         //
        "03 00 00 6c 'a/b'"         // DELETED
        "00 00 00 5d");             // ERROR_EXIT
    const std::size_t piece = GENERATE(range(1, 64));

    const Heard heard = hear(stream, piece);

    CHECK(hex(heard.data) == "01 02 03 04 05");
    const std::vector<Message> expected = {{Tag::io_timeout, std::string("\x3c\0\0\0", 4)},
                                           {Tag::error_xfer, "no\nA\n"},
                                           {Tag::deleted, "a/b"},
                                           {Tag::error_exit, ""}};
    CHECK(heard.messages == expected);
}

TEST_CASE("a frame that no daemon sends ends the conversation", "[transport][mux]")
{
    for (const char* const header : {"00 00 00 00", "00 00 00 06", "00 00 00 0c", "00 00 00 ff",
                                     "01 00 01 08", "ff ff ff 08"}) {
        INFO(header);
        try {
            hear(bytes(header), 64);
            FAIL("accepted");
        } catch (const Error& error) {
            CHECK(error.kind() == ErrorKind::protocol);
            CHECK(error.remedy() == Remedy::retry);
        }
    }
}

TEST_CASE("a data frame may have any length that its header can say", "[transport][mux]")
{
    Bytes stream = bytes("ff ff ff 07");
    stream.resize(stream.size() + 0xffffff, std::byte{1});

    CHECK(hear(stream, 100'000).data.size() == 0xffffff);
}
