// An extent of a file, a chunk at a time.
#pragma once

#include "transport/contents.h"
#include "transport/wire.h"

#include <cstdint>
#include <optional>
#include <span>

namespace lockstep::transport {

// The bytes of a file that are sent: all of them, or those from `from` on, and none at or behind
// `end`.
struct Extent {
    std::uint64_t from = 0;
    std::optional<std::uint64_t> end;
};

// Reads no more than the file held when it was opened. `content` must outlive it.
class ContentReader {
public:
    static constexpr std::size_t chunk_bytes = 256 * 1024;

    ContentReader(const Content& content, Extent extent);

    // What the next piece can fill; 0 where it needs no room.
    std::size_t room_wanted() const noexcept;

    // As much as fits into `room`, which it is read into, unless it has been read before. Empty:
    // that was all, or the file is shorter now, or error().
    std::span<const std::byte> next(std::span<std::byte> room);

    int error() const noexcept { return error_; }  // errno of a read

private:
    std::size_t wanted() const noexcept;
    std::size_t read(std::span<std::byte> room);

    const Content& content_;
    std::uint64_t offset_;
    std::uint64_t left_;
    int error_ = 0;
};

}  // namespace lockstep::transport
