// Frames and messages: the multiplexed form of both directions (PROTOCOL.md 8).
#pragma once

#include "transport/wire.h"

#include <functional>

namespace lockstep::transport {

enum class Tag : std::uint8_t {
    data = 0,
    error_xfer = 1,
    info = 2,
    error = 3,
    warning = 4,
    io_error = 22,
    io_timeout = 33,
    noop = 42,
    error_exit = 86,
    success = 100,
    deleted = 101,
    no_send = 102,
};

// Appends a frame; data longer than a frame holds is cut into several.
void put_frame(Bytes& out, Tag tag, std::span<const std::byte> payload);
// An empty data frame.
void put_keepalive(Bytes& out);

struct Message {
    Tag tag = Tag::info;
    std::string payload;
    bool operator==(const Message&) const = default;
};

// Bytes of the peer, cut anywhere, into its data stream and its messages. Throws Error(protocol,
// retry) on a tag that a daemon never sends to a pusher or a message longer than
// `message_bytes_max`. Memory: one message.
class Demux {
public:
    static constexpr std::size_t message_bytes_max = 64 * 1024;

    // Called in stream order. `data` may be called with any part of a frame.
    struct Sink {
        std::function<void(std::span<const std::byte>)> data;
        std::function<void(Message)> message;
    };
    void feed(std::span<const std::byte> bytes, const Sink& sink);

private:
    void open_frame();

    Bytes header_;
    Tag tag_ = Tag::data;
    std::size_t left_ = 0;
    bool in_frame_ = false;
    std::string payload_;
};

}  // namespace lockstep::transport
