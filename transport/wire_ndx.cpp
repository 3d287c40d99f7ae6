// The delta coding of list indices (PROTOCOL.md 9, "NDX").
#include "base/assert.h"
#include "base/error.h"
#include "transport/wire.h"

namespace lockstep::transport {

void NdxWriter::put(Bytes& out, std::int32_t ndx)
{
    if (protocol_ < 30) {
        put_i32(out, ndx);
        return;
    }
    if (ndx == ndx_done) {
        put_u8(out, 0);
        return;
    }
    const std::int32_t size = ndx < 0 ? -ndx : ndx;
    std::int32_t& running = ndx < 0 ? negative_ : positive_;
    if (ndx < 0) put_u8(out, 0xff);
    const std::int64_t step = std::int64_t{size} - running;
    running = size;
    if (step >= 1 && step <= 253) {
        put_u8(out, static_cast<std::uint8_t>(step));
    } else if (step >= 0 && step <= 0x7fff) {
        put_u8(out, 0xfe);
        put_u8(out, static_cast<std::uint8_t>(step >> 8));
        put_u8(out, static_cast<std::uint8_t>(step));
    } else {
        put_u8(out, 0xfe);
        put_u8(out, static_cast<std::uint8_t>(size >> 24 | 0x80));
        put_u8(out, static_cast<std::uint8_t>(size));
        put_u8(out, static_cast<std::uint8_t>(size >> 8));
        put_u8(out, static_cast<std::uint8_t>(size >> 16));
    }
}

std::optional<std::int32_t> NdxReader::get(Cursor& in)
{
    if (protocol_ < 30) return in.i32();

    Cursor probe = in;  // moves `in` only once the whole value is there
    std::optional<std::uint8_t> byte = probe.u8();
    if (!byte) return std::nullopt;
    if (*byte == 0) {
        in = probe;
        return ndx_done;
    }
    const bool negative = *byte == 0xff;
    if (negative) {
        byte = probe.u8();
        if (!byte) return std::nullopt;
    }
    std::int32_t& running = negative ? negative_ : positive_;
    std::int64_t size = 0;
    if (*byte == 0xfe) {
        const auto high = probe.u8();
        const auto low = probe.u8();
        if (!low) return std::nullopt;
        if ((*high & 0x80) == 0) {
            size = std::int64_t{running} + (std::int64_t{*high} << 8 | *low);
        } else {
            const auto upper = probe.u16();
            if (!upper) return std::nullopt;
            size = std::int64_t{*high & 0x7f} << 24 | std::int64_t{*upper} << 8 | *low;
        }
    } else {
        size = std::int64_t{running} + *byte;
    }
    if (size > 0x7fff'ffff)
        throw Error(ErrorKind::protocol, Remedy::retry, "a list index beyond 2^31");
    running = static_cast<std::int32_t>(size);
    in = probe;
    return negative ? -running : running;
}

}  // namespace lockstep::transport
