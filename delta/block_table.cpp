#include "delta/block_table.h"

#include <algorithm>

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

// log2 of a size of at least `wanted`, within bounds.
int power(std::size_t wanted, int least, int most)
{
    return std::clamp(static_cast<int>(std::bit_width(wanted)), least, most);
}

}  // namespace

BlockTable::BlockTable(const BlockSums& sums) : sums_(sums)
{
    const std::size_t blocks = usable_blocks(sums);
    const int heads_power = power(blocks, 4, 28);
    const int filter_power = power(blocks * 8, 9, 24);  // 2 MiB at most: it must stay near the core
    heads_shift_ = 32 - heads_power;
    filter_shift_ = 32 - filter_power;
    heads_.assign(std::size_t{1} << heads_power, none);
    filter_.assign((std::size_t{1} << filter_power) / 64, 0);
    next_.assign(blocks, none);
    for (std::uint32_t block = 0; block < blocks; ++block) insert(block);
}

void BlockTable::insert(std::uint32_t block)
{
    const std::uint32_t hash = mixed(weak(block));
    const std::uint32_t bit = hash >> filter_shift_;
    filter_[bit / 64] |= std::uint64_t{1} << (bit % 64);

    // Appended, so that the lowest of equal candidates comes first.
    std::uint32_t* end = &heads_[hash >> heads_shift_];
    std::size_t length = 0;
    for (; *end != none && length < chain_max; ++length) {
        if (weak(*end) == weak(block) && std::ranges::equal(strong(*end), strong(block))) return;
        end = &next_[*end];
    }
    if (length < chain_max) *end = block;
}

}  // namespace lockstep::delta
