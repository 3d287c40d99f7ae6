// The byte stream that protocol code speaks over; sockets, TLS and pipes implement it.
#pragma once

#include "transport/link_speed.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <exception>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace lockstep::transport {

namespace asio = boost::asio;

// One reader and one writer at a time, which may overlap (full duplex). All calls on the stream's
// strand. Failures are thrown as Error(unreachable, retry) with the peer's address; after one, or
// after fail(), every pending and later operation throws.
class Stream {
public:
    Stream() = default;
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    virtual ~Stream() = default;

    // At least one byte, or 0 at the end of the stream.
    virtual asio::awaitable<std::size_t> read_some(std::span<std::byte> into) = 0;
    virtual asio::awaitable<void> write_all(std::span<const std::byte> bytes) = 0;

    // Ends the stream at once: operations in flight throw `why` (a copy of it). First call wins.
    virtual void fail(std::exception_ptr why) noexcept = 0;

    // Last words before fail(): as much as the line takes without waiting; the rest is lost. Not
    // while a write is in flight.
    virtual void write_now(std::span<const std::byte> bytes) noexcept { (void)bytes; }

    // Told after each piece of a write that the line took, so that a slow line is not taken for a
    // dead one. A function of the stream's owner; null: nobody is told.
    void on_written(std::function<void()> told) { told_ = std::move(told); }

    // What the kernel knows of the line; none where it is no connection of ours.
    virtual std::optional<LineFigures> figures() { return std::nullopt; }

    virtual asio::any_io_executor executor() = 0;

    // "198.51.100.7:873", for messages.
    virtual std::string peer() const = 0;

protected:
    void tell_written() const
    {
        if (told_) told_();
    }

private:
    std::function<void()> told_;
};

}  // namespace lockstep::transport
