#include "delta/rolling_sum_bulk.h"

namespace lockstep::delta {

SumHalves bulk_sum_portable(std::span<const std::byte> window)
{
    // s2 is also the sum of s1 after each byte. Four bytes a step shorten the chain of additions.
    SumHalves sum;
    const std::byte* at = window.data();
    std::size_t left = window.size();
    const auto byte = [&](std::size_t i) {
        return static_cast<std::uint32_t>(static_cast<std::int8_t>(at[i]));
    };
    for (; left >= 4; left -= 4, at += 4) {
        sum.s2 += 4 * (sum.s1 + byte(0)) + 3 * byte(1) + 2 * byte(2) + byte(3);
        sum.s1 += byte(0) + byte(1) + byte(2) + byte(3);
    }
    for (; left > 0; --left, ++at) {
        sum.s1 += byte(0);
        sum.s2 += sum.s1;
    }
    return sum;
}

BulkSum fastest_bulk_sum() noexcept
{
    return has_avx2() ? bulk_sum_avx2 : bulk_sum_portable;
}

}  // namespace lockstep::delta
