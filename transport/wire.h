// Integers and strings as they stand on the wire (PROTOCOL.md 9): written into and read from byte
// buffers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::transport {

using Bytes = std::vector<std::byte>;

// Appends; never fails but for lengths that the protocol cannot say (an assert).
void put_u8(Bytes& out, std::uint8_t value);
void put_u16(Bytes& out, std::uint16_t value);
void put_i32(Bytes& out, std::int32_t value);
void put_varint(Bytes& out, std::int32_t value);
void put_varlong(Bytes& out, std::int64_t value, int min_bytes);
void put_longint(Bytes& out, std::int64_t value);     // protocol < 30
void put_vstring(Bytes& out, std::string_view text);  // at most 0x7fff bytes
void put_bytes(Bytes& out, std::string_view raw);
void put_bytes(Bytes& out, std::span<const std::byte> raw);

// A cursor over bytes that may not be complete yet. Each read returns none, and moves nothing, when
// more bytes are needed; a value that is not allowed throws Error(protocol, retry) naming it.
class Cursor {
public:
    explicit Cursor(std::span<const std::byte> bytes) : bytes_(bytes) {}

    std::optional<std::uint8_t> u8();
    std::optional<std::uint16_t> u16();
    std::optional<std::int32_t> i32();
    std::optional<std::int32_t> varint();
    std::optional<std::int64_t> varlong(int min_bytes);
    std::optional<std::string> vstring();
    std::optional<std::span<const std::byte>> take(std::size_t count);

    std::size_t consumed() const noexcept { return at_; }
    std::size_t left() const noexcept { return bytes_.size() - at_; }

private:
    std::span<const std::byte> bytes_;
    std::size_t at_ = 0;
};

constexpr std::int32_t ndx_done = -1;
constexpr std::int32_t ndx_flist_eof = -2;
constexpr std::int32_t ndx_del_stats = -3;
constexpr std::int32_t ndx_flist_offset = -101;

// The delta coding of list indices; one for each direction (P >= 30), plain i32 before.
class NdxWriter {
public:
    explicit NdxWriter(int protocol) : protocol_(protocol) {}
    void put(Bytes& out, std::int32_t ndx);

private:
    int protocol_;
    std::int32_t positive_ = -1;
    std::int32_t negative_ = 1;
};

class NdxReader {
public:
    explicit NdxReader(int protocol) : protocol_(protocol) {}
    // None when more bytes are needed: then neither the cursor nor the running values have moved.
    std::optional<std::int32_t> get(Cursor& in);

private:
    int protocol_;
    std::int32_t positive_ = -1;
    std::int32_t negative_ = 1;
};

}  // namespace lockstep::transport
