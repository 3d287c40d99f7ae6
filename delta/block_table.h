// The basis' blocks, found by weak sum.
#pragma once

#include "delta/block_sums.h"
#include "delta/weak_filter.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lockstep::delta {

// Only blocks of full length are in it; a shorter last one is the matcher's own affair.
//
// Bounded whatever the peer sends: of blocks equal in both sums only one is kept, and a chain
// never holds more than chain_max blocks; what comes later is left out and its content is sent as
// literals (unless it follows a match, which needs no table). Building is O(count * chain_max) at
// worst and O(count) in practice; memory about 12 bytes a block.
class BlockTable {
public:
    static constexpr std::uint32_t none = UINT32_MAX;
    static constexpr std::size_t chain_max = 64;

    enum class Equal { first, last };

    // Refers to `sums`. Uses as many blocks as all of its lengths allow. `equal`: which of equal
    // blocks is kept, and tried first.
    explicit BlockTable(const BlockSums& sums, Equal equal = Equal::first);

    // False for most sums that are not in the table.
    bool may_hold(std::uint32_t weak) const noexcept { return filter_.may_hold(weak); }
    const WeakFilter& filter() const noexcept { return filter_; }

    // Whether a block of this weak sum can be found.
    bool holds(std::uint32_t weak) const noexcept
    {
        std::uint32_t block = first(weak);
        while (block != none && sums_.weak[block] != weak) block = next_[block];
        return block != none;
    }

    // The chain in which blocks of this weak sum are, among others; `none` ends it.
    std::uint32_t first(std::uint32_t weak) const noexcept
    {
        return heads_[WeakFilter::mixed(weak) >> heads_shift_];
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

    const BlockSums& sums_;
    int heads_shift_;
    std::vector<std::uint32_t> heads_;
    std::vector<std::uint32_t> next_;
    WeakFilter filter_;
};

}  // namespace lockstep::delta
