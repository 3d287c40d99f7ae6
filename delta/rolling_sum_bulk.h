// The two halves of a weak sum over a whole block at once: one meaning, two speeds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace lockstep::delta {

// s1 and s2 of RollingSum; only the low 16 bits count.
struct SumHalves {
    std::uint32_t s1 = 0;
    std::uint32_t s2 = 0;
};

using BulkSum = SumHalves (*)(std::span<const std::byte>);

// Equal in the low 16 bits for every input (checked by property). The AVX2 twin may be called only
// where has_avx2(); elsewhere than x86-64 it is the portable one.
SumHalves bulk_sum_portable(std::span<const std::byte> window);
SumHalves bulk_sum_avx2(std::span<const std::byte> window);
bool has_avx2() noexcept;

BulkSum fastest_bulk_sum() noexcept;

}  // namespace lockstep::delta
