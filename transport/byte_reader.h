// Reads the part of the conversation that is not framed: lines, then the values of the setup.
#pragma once

#include "transport/stream.h"
#include "transport/wire.h"

#include <functional>
#include <string>
#include <utility>

namespace lockstep::transport {

// Takes what the stream gives and keeps what was not asked for. An end of the stream in the middle
// is Error(unreachable, retry) "greeting: closed by the daemon". `what` names what is being read.
class ByteReader {
public:
    explicit ByteReader(Stream& stream) : stream_(stream) {}

    // Called each time something has come.
    void on_heard(std::function<void()> heard) { heard_ = std::move(heard); }

    // Up to and without LF. Longer than `bytes_max` is Error(protocol).
    asio::awaitable<std::string> line(std::string what, std::size_t bytes_max);
    asio::awaitable<std::int32_t> varint(std::string what);
    asio::awaitable<std::int32_t> i32(std::string what);
    asio::awaitable<std::string> vstring(std::string what);

    // What was read beyond: the start of the framed part.
    Bytes take_rest();
    std::uint64_t received() const noexcept { return received_; }

private:
    asio::awaitable<void> more(const std::string& what);
    void drop(std::size_t count);

    Stream& stream_;
    std::function<void()> heard_;
    Bytes buffer_;
    std::uint64_t received_ = 0;
};

}  // namespace lockstep::transport
