// The weak half of a block sum: a checksum that slides along a file one byte at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace lockstep::delta {

// rsync's rolling checksum over a window x[0..n) (PROTOCOL.md 15.2).
//
// s1 = sum of x[i], s2 = sum of (n - i) * x[i], both mod 2^16; value() is s1 | s2 << 16, as on the
// wire. Bytes count as *signed*: a peer disagrees from the first byte >= 0x80 otherwise.
//
// Invariant: after any slides, value() equals RollingSum(window).value().
// O(n) to build (rolling_sum_bulk.h), O(1) to slide. Never fails; an empty window has value 0.
class RollingSum {
public:
    RollingSum() = default;
    explicit RollingSum(std::span<const std::byte> window);

    // Takes over where another left off.
    RollingSum(std::uint32_t value, std::uint32_t window_bytes) noexcept
        : s1_(value & 0xffff), s2_(value >> 16), window_bytes_(window_bytes)
    {
    }

    // `leaving` is the window's oldest byte, `entering` the one that follows it in the file.
    void slide(std::byte leaving, std::byte entering) noexcept
    {
        const std::uint32_t out = widened(leaving);
        s1_ += widened(entering) - out;
        s2_ += s1_ - window_bytes_ * out;
    }

    std::uint32_t value() const noexcept { return (s1_ & 0xffff) | (s2_ << 16); }
    std::uint32_t window_bytes() const noexcept { return window_bytes_; }

private:
    // Sign-extended, then taken mod 2^32: only the low 16 bits of a sum are ever looked at.
    static std::uint32_t widened(std::byte b) noexcept
    {
        return static_cast<std::uint32_t>(static_cast<std::int8_t>(b));
    }

    std::uint32_t s1_ = 0;
    std::uint32_t s2_ = 0;
    std::uint32_t window_bytes_ = 0;
};

}  // namespace lockstep::delta
