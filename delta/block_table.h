// The basis' blocks, found by weak sum.
#pragma once

#include "delta/block_sums.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lockstep::delta {

// Only blocks of full length are in it; a shorter last one is the matcher's own affair.
//
// Bounded whatever the peer sends: of blocks equal in both sums only the first is kept, and a chain
// never holds more than chain_max blocks; what comes later is left out and its content is sent as
// literals (unless it follows a match, which needs no table). Building is O(count * chain_max) at
// worst and O(count) in practice; memory about 14 bytes a block.
class BlockTable {
public:
    static constexpr std::uint32_t none = UINT32_MAX;
    static constexpr std::size_t chain_max = 64;

    // Refers to `sums`. Uses as many blocks as all of its lengths allow.
    explicit BlockTable(const BlockSums& sums);

    // False for most sums that are not in the table, at the cost of one bit looked up: the
    // matcher's innermost question.
    bool may_hold(std::uint32_t weak) const noexcept
    {
        const std::uint32_t bit = mixed(weak) >> filter_shift_;
        return (filter_[bit / 64] >> (bit % 64) & 1) != 0;
    }

    // The chain in which blocks of this weak sum are, among others; `none` ends it.
    std::uint32_t first(std::uint32_t weak) const noexcept
    {
        return heads_[mixed(weak) >> heads_shift_];
    }
    std::uint32_t after(std::uint32_t block) const noexcept { return next_[block]; }

    std::uint32_t full_blocks() const noexcept { return static_cast<std::uint32_t>(next_.size()); }
    std::uint32_t weak(std::uint32_t block) const noexcept { return sums_.weak[block]; }
    std::span<const std::byte> strong(std::uint32_t block) const noexcept
    {
        return std::span(sums_.strong)
            .subspan(std::size_t{block} * sums_.strong_bytes, sums_.strong_bytes);
    }

private:
    void insert(std::uint32_t block);

    // Weak sums cluster: neighbouring windows differ little in either half. Fibonacci hashing
    // spreads them over the upper bits.
    static std::uint32_t mixed(std::uint32_t weak) noexcept { return weak * 0x9e3779b1U; }

    const BlockSums& sums_;
    int heads_shift_;
    int filter_shift_;
    std::vector<std::uint32_t> heads_;
    std::vector<std::uint32_t> next_;
    std::vector<std::uint64_t> filter_;
};

}  // namespace lockstep::delta
