// What we say once the setup is over: stream bytes collected, framed and written in large pieces.
#pragma once

#include "transport/mux.h"
#include "transport/stream.h"

namespace lockstep::transport {

// `multiplexed` for P >= 30; before, data goes out bare and messages do not exist
// (PROTOCOL.md 8.1).
class Outbox {
public:
    static constexpr std::size_t flush_bytes = 64 * 1024;

    Outbox(Stream& stream, bool multiplexed) : stream_(stream), multiplexed_(multiplexed) {}

    // Append here; then flush() or flush_if_large().
    Bytes& data() noexcept { return data_; }
    bool multiplexed() const noexcept { return multiplexed_; }

    asio::awaitable<void> flush_if_large();
    asio::awaitable<void> flush();
    // Data collected before it goes first. Nothing happens when not multiplexed.
    asio::awaitable<void> message(Tag tag, Bytes payload);
    asio::awaitable<void> keepalive();
    // What there is, else a sign of life.
    asio::awaitable<void> say_something();

    std::uint64_t sent() const noexcept { return sent_; }

private:
    Stream& stream_;
    bool multiplexed_;
    Bytes data_;
    std::uint64_t sent_ = 0;
};

}  // namespace lockstep::transport
