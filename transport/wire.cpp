#include "transport/wire.h"

#include "base/assert.h"
#include "base/error.h"

#include <algorithm>
#include <array>
#include <bit>

namespace lockstep::transport {
namespace {

void put_little(Bytes& out, std::uint64_t value, int count)
{
    for (int i = 0; i < count; ++i) out.push_back(static_cast<std::byte>(value >> (8 * i)));
}

std::uint64_t little(std::span<const std::byte> bytes)
{
    std::uint64_t value = 0;
    for (std::size_t i = bytes.size(); i > 0; --i)
        value = value << 8 | std::to_integer<std::uint64_t>(bytes[i - 1]);
    return value;
}

// Varints and varlongs are one form: `value` has at most 8 significant bytes, at least `min_bytes`
// are said (PROTOCOL.md 9).
void put_variable(Bytes& out, std::uint64_t value, int min_bytes)
{
    const int significant = (static_cast<int>(std::bit_width(value)) + 7) / 8;
    const int count = std::max(significant, min_bytes);
    const int extra = count - min_bytes;
    const auto top = static_cast<std::uint8_t>(value >> (8 * (count - 1)));
    const auto ones = [](int n) { return static_cast<std::uint8_t>(0xff00 >> n); };
    // With `extra` ones and the zero that ends them there are 7 - extra bits left for the top byte.
    if (top < (1U << (7 - extra))) {
        put_u8(out, static_cast<std::uint8_t>(ones(extra) | top));
        put_little(out, value, count - 1);
    } else {
        put_u8(out, ones(extra + 1));
        put_little(out, value, count);
    }
}

[[noreturn]] void refuse(const std::string& what)
{
    throw Error(ErrorKind::protocol, Remedy::retry, what);
}

}  // namespace

void put_u8(Bytes& out, std::uint8_t value)
{
    out.push_back(static_cast<std::byte>(value));
}

void put_u16(Bytes& out, std::uint16_t value)
{
    put_little(out, value, 2);
}

void put_i32(Bytes& out, std::int32_t value)
{
    put_little(out, static_cast<std::uint32_t>(value), 4);
}

void put_varint(Bytes& out, std::int32_t value)
{
    put_variable(out, static_cast<std::uint32_t>(value), 1);
}

void put_varlong(Bytes& out, std::int64_t value, int min_bytes)
{
    LOCKSTEP_ASSERT(min_bytes >= 1 && min_bytes <= 8, "a varlong has 1 to 8 bytes at least");
    put_variable(out, static_cast<std::uint64_t>(value), min_bytes);
}

void put_longint(Bytes& out, std::int64_t value)
{
    if (value >= 0 && value <= 0x7fff'ffff) {
        put_little(out, static_cast<std::uint64_t>(value), 4);
        return;
    }
    put_little(out, 0xffff'ffff, 4);
    put_little(out, static_cast<std::uint64_t>(value), 8);
}

void put_vstring(Bytes& out, std::string_view text)
{
    LOCKSTEP_ASSERT(text.size() <= 0x7fff, "a vstring has at most 32767 bytes");
    if (text.size() >= 0x80) put_u8(out, static_cast<std::uint8_t>(text.size() >> 8 | 0x80));
    put_u8(out, static_cast<std::uint8_t>(text.size()));
    put_bytes(out, text);
}

void put_bytes(Bytes& out, std::string_view raw)
{
    put_bytes(out, std::as_bytes(std::span(raw.data(), raw.size())));
}

void put_bytes(Bytes& out, std::span<const std::byte> raw)
{
    out.insert(out.end(), raw.begin(), raw.end());
}

std::optional<std::span<const std::byte>> Cursor::take(std::size_t count)
{
    if (left() < count) return std::nullopt;
    const auto taken = bytes_.subspan(at_, count);
    at_ += count;
    return taken;
}

std::optional<std::uint8_t> Cursor::u8()
{
    const auto bytes = take(1);
    if (!bytes) return std::nullopt;
    return std::to_integer<std::uint8_t>(bytes->front());
}

std::optional<std::uint16_t> Cursor::u16()
{
    const auto bytes = take(2);
    if (!bytes) return std::nullopt;
    return static_cast<std::uint16_t>(little(*bytes));
}

std::optional<std::int32_t> Cursor::i32()
{
    const auto bytes = take(4);
    if (!bytes) return std::nullopt;
    return static_cast<std::int32_t>(little(*bytes));
}

namespace {

// How a variable number that begins with `first` goes on.
struct Variable {
    int following;             // bytes after the first
    std::uint64_t first_bits;  // what the first byte itself holds, above all others
};

Variable variable(std::uint8_t first, int min_bytes)
{
    const int extra = std::min(std::countl_one(first), 6);
    const auto mask = static_cast<std::uint8_t>(0xff >> (extra == 0 ? 0 : extra + 1));
    return {min_bytes - 1 + extra, static_cast<std::uint64_t>(first & mask)};
}

}  // namespace

std::optional<std::int32_t> Cursor::varint()
{
    if (left() == 0) return std::nullopt;
    const Variable form = variable(std::to_integer<std::uint8_t>(bytes_[at_]), 1);
    if (form.following > 4) refuse("a varint longer than 5 bytes");
    const auto bytes = take(1 + static_cast<std::size_t>(form.following));
    if (!bytes) return std::nullopt;
    const std::uint64_t low = little(bytes->subspan(1));
    const std::uint64_t value = low | form.first_bits << (8 * form.following);
    if (value > 0xffff'ffff) refuse("a varint beyond 32 bits");
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(value));
}

std::optional<std::int64_t> Cursor::varlong(int min_bytes)
{
    LOCKSTEP_ASSERT(min_bytes >= 1 && min_bytes <= 8, "a varlong has 1 to 8 bytes at least");
    if (left() == 0) return std::nullopt;
    const Variable form = variable(std::to_integer<std::uint8_t>(bytes_[at_]), min_bytes);
    if (form.following > 8) refuse("a varlong longer than 9 bytes");
    const auto bytes = take(1 + static_cast<std::size_t>(form.following));
    if (!bytes) return std::nullopt;
    std::uint64_t value = little(bytes->subspan(1));
    if (form.following < 8)
        value |= form.first_bits << (8 * form.following);
    else if (form.first_bits != 0)
        refuse("a varlong beyond 64 bits");
    return static_cast<std::int64_t>(value);
}

std::optional<std::string> Cursor::vstring()
{
    if (left() == 0) return std::nullopt;
    auto length = std::to_integer<std::size_t>(bytes_[at_]);
    std::size_t head = 1;
    if (length >= 0x80) {
        if (left() < 2) return std::nullopt;
        length = (length & 0x7f) << 8 | std::to_integer<std::size_t>(bytes_[at_ + 1]);
        head = 2;
    }
    const auto bytes = take(head + length);
    if (!bytes) return std::nullopt;
    const auto text = bytes->subspan(head);
    return std::string(reinterpret_cast<const char*>(text.data()), text.size());
}

}  // namespace lockstep::transport
