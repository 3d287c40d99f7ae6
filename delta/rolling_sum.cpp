#include "delta/rolling_sum.h"

#include "delta/rolling_sum_bulk.h"

namespace lockstep::delta {

RollingSum::RollingSum(std::span<const std::byte> window)
    : window_bytes_(static_cast<std::uint32_t>(window.size()))
{
    static const BulkSum fastest = fastest_bulk_sum();
    const SumHalves halves = fastest(window);
    s1_ = halves.s1;
    s2_ = halves.s2;
}

}  // namespace lockstep::delta
