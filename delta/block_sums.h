// The receiver's sums of its basis file, as the generator sent them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace lockstep::delta {

// `count` blocks of `block_bytes`, the last one `remainder_bytes` when that is not 0
// (PROTOCOL.md 15.1). count 0: no basis.
struct BlockSums {
    std::uint32_t count = 0;
    std::uint32_t block_bytes = 0;
    std::uint32_t strong_bytes = 0;  // of each strong sum, truncated
    std::uint32_t remainder_bytes = 0;
    std::vector<std::uint32_t> weak;  // count
    std::vector<std::byte> strong;    // count * strong_bytes
    bool operator==(const BlockSums&) const = default;

    std::uint64_t basis_bytes() const noexcept
    {
        if (count == 0) return 0;
        const std::uint64_t last = remainder_bytes != 0 ? remainder_bytes : block_bytes;
        return std::uint64_t{count - 1} * block_bytes + last;
    }
};

}  // namespace lockstep::delta
