#include "transport/mux.h"

#include "base/error.h"

#include <algorithm>
#include <utility>

namespace lockstep::transport {
namespace {

constexpr std::uint32_t tag_offset = 7;
constexpr std::size_t header_bytes = 4;
// Real peers write about 64 KiB a data frame; none needs more (PROTOCOL.md 8.2).
constexpr std::size_t frame_bytes_max = 64 * 1024;

bool daemon_sends(std::uint32_t tag)
{
    switch (static_cast<Tag>(tag)) {
        case Tag::data:
        case Tag::error_xfer:
        case Tag::info:
        case Tag::error:
        case Tag::warning:
        case Tag::io_error:
        case Tag::io_timeout:
        case Tag::noop:
        case Tag::error_exit:
        case Tag::success:
        case Tag::deleted:
        case Tag::no_send:
            return true;
    }
    return false;
}

void put_header(Bytes& out, Tag tag, std::size_t length)
{
    const std::uint32_t high = tag_offset + static_cast<std::uint32_t>(tag);
    put_i32(out, static_cast<std::int32_t>(high << 24 | static_cast<std::uint32_t>(length)));
}

}  // namespace

void put_frame(Bytes& out, Tag tag, std::span<const std::byte> payload)
{
    do {
        const std::size_t length = std::min(payload.size(), frame_bytes_max);
        put_header(out, tag, length);
        put_bytes(out, payload.first(length));
        payload = payload.subspan(length);
    } while (!payload.empty());
}

void put_keepalive(Bytes& out)
{
    put_header(out, Tag::data, 0);
}

void Demux::feed(std::span<const std::byte> bytes, const Sink& sink)
{
    for (;;) {
        if (!in_frame_) {
            if (bytes.empty()) return;
            const std::size_t wanted = std::min(header_bytes - header_.size(), bytes.size());
            put_bytes(header_, bytes.first(wanted));
            bytes = bytes.subspan(wanted);
            if (header_.size() < header_bytes) return;
            open_frame();
        }
        const std::size_t length = std::min(left_, bytes.size());
        const auto part = bytes.first(length);
        bytes = bytes.subspan(length);
        left_ -= length;
        if (left_ == 0) in_frame_ = false;  // before the sink, which may throw
        if (tag_ == Tag::data) {
            if (!part.empty()) sink.data(part);
        } else {
            payload_.append(reinterpret_cast<const char*>(part.data()), part.size());
            if (left_ == 0) sink.message({tag_, std::exchange(payload_, {})});
        }
        if (left_ > 0) return;
    }
}

void Demux::open_frame()
{
    const auto header = static_cast<std::uint32_t>(*Cursor(header_).i32());
    header_.clear();
    const std::uint32_t high = header >> 24;
    left_ = header & 0x00ff'ffff;
    if (high < tag_offset || !daemon_sends(high - tag_offset))
        throw Error(ErrorKind::protocol, Remedy::retry,
                    "a frame of kind " + std::to_string(high) +
                        ", which no daemon sends: the two sides do not understand each other");
    tag_ = static_cast<Tag>(high - tag_offset);
    if (tag_ != Tag::data && left_ > message_bytes_max)
        throw Error(ErrorKind::protocol, Remedy::retry,
                    "a message of " + std::to_string(left_) + " bytes, expected at most " +
                        std::to_string(message_bytes_max));
    in_frame_ = true;
}

}  // namespace lockstep::transport
