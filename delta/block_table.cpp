#include "delta/block_table.h"

#include <algorithm>
#include <bit>

namespace lockstep::delta {
namespace {

std::size_t usable_blocks(const BlockSums& sums)
{
    if (sums.strong_bytes == 0) return 0;
    const std::size_t with_sums =
        std::min(sums.weak.size(), sums.strong.size() / sums.strong_bytes);
    const std::size_t full =
        sums.remainder_bytes != 0 && sums.count > 0 ? sums.count - 1 : sums.count;
    return std::min(with_sums, full);
}

}  // namespace

BlockTable::BlockTable(const BlockSums& sums)
    : sums_(sums), next_(usable_blocks(sums), none), filter_(next_.size())
{
    const int heads_power = std::clamp(static_cast<int>(std::bit_width(next_.size())), 4, 28);
    heads_shift_ = 32 - heads_power;
    heads_.assign(std::size_t{1} << heads_power, none);
    for (std::uint32_t block = 0; block < next_.size(); ++block) insert(block);
}

void BlockTable::insert(std::uint32_t block)
{
    filter_.add(weak(block));

    // Appended, so that the lowest of equal candidates comes first.
    std::uint32_t* end = &heads_[WeakFilter::mixed(weak(block)) >> heads_shift_];
    std::size_t length = 0;
    for (; *end != none && length < chain_max; ++length) {
        if (weak(*end) == weak(block) && std::ranges::equal(strong(*end), strong(block))) return;
        end = &next_[*end];
    }
    if (length < chain_max) *end = block;
}

}  // namespace lockstep::delta
