#include "delta/rolling_sum_bulk.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <array>

namespace lockstep::delta {
namespace {

constexpr std::uint32_t step_bytes = 32;

// Read from i on: of a step only the last i bytes.
alignas(32) constexpr std::array<std::uint8_t, 2 * step_bytes> last_bytes = [] {
    std::array<std::uint8_t, 2 * step_bytes> mask{};
    for (std::size_t i = step_bytes; i < mask.size(); ++i) mask[i] = 0xff;
    return mask;
}();

__attribute__((target("avx2"))) __m256i step_at(const void* bytes)
{
    return _mm256_loadu_si256(static_cast<const __m256i*>(bytes));
}

// Mod 2^16.
__attribute__((target("avx2"))) std::uint32_t sum_of_lanes(__m256i lanes)
{
    __m128i sum = _mm_add_epi16(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256(lanes, 1));
    sum = _mm_add_epi16(sum, _mm_srli_si128(sum, 8));
    sum = _mm_add_epi16(sum, _mm_srli_si128(sum, 4));
    sum = _mm_add_epi16(sum, _mm_srli_si128(sum, 2));
    return static_cast<std::uint32_t>(_mm_extract_epi16(sum, 0));
}

}  // namespace

// The halves are wanted mod 2^16, so sixteen 16-bit lanes may wrap and nothing needs widening.
// Per step of 32 bytes x: earlier bytes move 32 places further from the end (`earlier` collects s1
// as it was before the step, counted 32 times at last), the step's own count 32, 31, .. 1 times.
// vpmaddubsw multiplies unsigned by signed bytes and adds pairs; |32 * -128 + 31 * -128| does not
// saturate. What is left over is the end of one more step, whose bytes before it count as zero.
__attribute__((target("avx2"))) SumHalves bulk_sum_avx2(std::span<const std::byte> window)
{
    if (window.size() < step_bytes) return bulk_sum_portable(window);
    const __m256i ones = _mm256_set1_epi8(1);
    const __m256i weights =
        _mm256_setr_epi8(32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14,
                         13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1);
    __m256i plain = _mm256_setzero_si256();
    __m256i earlier = _mm256_setzero_si256();
    __m256i weighted = _mm256_setzero_si256();

    const std::byte* at = window.data();
    std::size_t left = window.size();
    for (; left >= step_bytes; left -= step_bytes, at += step_bytes) {
        const __m256i x = step_at(at);
        earlier = _mm256_add_epi16(earlier, plain);
        plain = _mm256_add_epi16(plain, _mm256_maddubs_epi16(ones, x));
        weighted = _mm256_add_epi16(weighted, _mm256_maddubs_epi16(weights, x));
    }

    SumHalves sum;
    sum.s1 = sum_of_lanes(plain);
    sum.s2 = step_bytes * sum_of_lanes(earlier) + sum_of_lanes(weighted);
    const __m256i x =
        _mm256_and_si256(step_at(at + left - step_bytes), step_at(last_bytes.data() + left));
    sum.s2 +=
        static_cast<std::uint32_t>(left) * sum.s1 + sum_of_lanes(_mm256_maddubs_epi16(weights, x));
    sum.s1 += sum_of_lanes(_mm256_maddubs_epi16(ones, x));
    return sum;
}

bool has_avx2() noexcept
{
    __builtin_cpu_init();
    return static_cast<bool>(__builtin_cpu_supports("avx2"));
}

}  // namespace lockstep::delta

#else

namespace lockstep::delta {

SumHalves bulk_sum_avx2(std::span<const std::byte> window)
{
    return bulk_sum_portable(window);
}

bool has_avx2() noexcept
{
    return false;
}

}  // namespace lockstep::delta

#endif
