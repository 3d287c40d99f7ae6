// Numbers at the end of a byte string, low byte first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace lockstep::delta {

inline void append_u16(std::vector<std::byte>& out, std::uint16_t value)
{
    for (int shift = 0; shift < 16; shift += 8)
        out.push_back(static_cast<std::byte>(value >> shift));
}

inline void append_u32(std::vector<std::byte>& out, std::uint32_t value)
{
    for (int shift = 0; shift < 32; shift += 8)
        out.push_back(static_cast<std::byte>(value >> shift));
}

}  // namespace lockstep::delta
