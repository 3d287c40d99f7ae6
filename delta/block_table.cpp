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

BlockTable::BlockTable(const BlockSums& sums, Equal equal)
    : sums_(sums), next_(usable_blocks(sums), none), filter_(next_.size())
{
    const int heads_power = std::clamp(static_cast<int>(std::bit_width(next_.size())), 4, 28);
    heads_shift_ = 32 - heads_power;
    heads_.assign(std::size_t{1} << heads_power, none);
    const std::uint32_t blocks = full_blocks();
    for (std::uint32_t i = 0; i < blocks; ++i) insert(equal == Equal::first ? i : blocks - 1 - i);
}

void BlockTable::insert(std::uint32_t block)
{
    filter_.add(weak(block));

    // Appended, so that the candidates come in the order in which they were inserted.
    std::uint32_t* end = &heads_[WeakFilter::mixed(weak(block)) >> heads_shift_];
    std::size_t length = 0;
    for (; *end != none && length < chain_max; ++length) {
        if (weak(*end) == weak(block) && std::ranges::equal(strong(*end), strong(block))) return;
        end = &next_[*end];
    }
    if (length < chain_max) *end = block;
}

}  // namespace lockstep::delta
