#include "delta/candidate_scan.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <array>
#include <bit>

#define LOCKSTEP_AVX2 __attribute__((target("avx2")))

namespace lockstep::delta {
namespace {

constexpr std::size_t step_positions = 16;  // of 16-bit lanes: both halves count mod 2^16

// Lane i becomes the sum of lanes 0 to i.
LOCKSTEP_AVX2 __m256i prefix_sums(__m256i x)
{
    x = _mm256_add_epi16(x, _mm256_slli_si256(x, 2));
    x = _mm256_add_epi16(x, _mm256_slli_si256(x, 4));
    x = _mm256_add_epi16(x, _mm256_slli_si256(x, 8));
    // Shifts stay within 128 bits: the upper half still lacks the lower half's total.
    const __m256i totals = _mm256_shuffle_epi8(x, _mm256_set1_epi16(0x0f0e));
    return _mm256_add_epi16(x, _mm256_permute2x128_si256(totals, totals, 0x08));
}

LOCKSTEP_AVX2 __m256i last_everywhere(__m256i x)
{
    return _mm256_shuffle_epi8(_mm256_permute4x64_epi64(x, 0xff), _mm256_set1_epi16(0x0f0e));
}

LOCKSTEP_AVX2 __m256i widened(const std::byte* at)
{
    return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
}

// Bit 31 of a lane: whether WeakFilter::may_hold.
LOCKSTEP_AVX2 __m256i may_hold(const WeakFilter& filter, __m256i weak)
{
    const __m256i mixed =
        _mm256_mullo_epi32(weak, _mm256_set1_epi32(static_cast<int>(WeakFilter::multiplier)));
    const __m256i index = _mm256_srl_epi32(mixed, _mm_cvtsi32_si128(filter.word_shift()));
    const __m256i word =
        _mm256_i32gather_epi32(reinterpret_cast<const int*>(filter.words()), index, 4);
    // A bit is brought to the top by shifting left 31 - n, which is n with all five bits turned.
    const __m256i low5 = _mm256_set1_epi32(31);
    const __m256i turned = _mm256_xor_si256(weak, _mm256_set1_epi32(-1));
    const __m256i first = _mm256_and_si256(turned, low5);
    const __m256i second = _mm256_and_si256(_mm256_srli_epi32(turned, 16), low5);
    return _mm256_and_si256(_mm256_sllv_epi32(word, first), _mm256_sllv_epi32(word, second));
}

LOCKSTEP_AVX2 unsigned top_bits(__m256i lanes)
{
    return static_cast<unsigned>(_mm256_movemask_ps(_mm256_castsi256_ps(lanes)));
}

}  // namespace

// The slide of RollingSum, sixteen positions at once: s1 is a running total of (entering -
// leaving), s2 one of (s1 - window * leaving).
LOCKSTEP_AVX2 Candidate candidate_scan_avx2(const BlockTable& table, RollingSum& sum,
                                            const std::byte* leaving, std::size_t positions)
{
    const std::size_t window_bytes = sum.window_bytes();
    const __m256i window = _mm256_set1_epi16(static_cast<short>(window_bytes));
    __m256i s1_before = _mm256_set1_epi16(static_cast<short>(sum.value() & 0xffff));
    __m256i s2_before = _mm256_set1_epi16(static_cast<short>(sum.value() >> 16));

    std::size_t passed = 0;
    for (; positions - passed >= step_positions; passed += step_positions) {
        const __m256i out = widened(leaving + passed);
        const __m256i in = widened(leaving + passed + window_bytes);
        const __m256i s1 = _mm256_add_epi16(s1_before, prefix_sums(_mm256_sub_epi16(in, out)));
        const __m256i change = _mm256_sub_epi16(s1, _mm256_mullo_epi16(window, out));
        const __m256i s2 = _mm256_add_epi16(s2_before, prefix_sums(change));

        // Pairs of halves are weak sums: of positions 0..3 and 8..11, and of 4..7 and 12..15.
        const __m256i even = may_hold(table.filter(), _mm256_unpacklo_epi16(s1, s2));
        const __m256i odd = may_hold(table.filter(), _mm256_unpackhi_epi16(s1, s2));
        const unsigned any = top_bits(_mm256_or_si256(even, odd));
        if (any != 0) [[unlikely]] {
            const unsigned e = top_bits(even);
            const unsigned o = top_bits(odd);
            unsigned hits = (e & 0xf) | (o & 0xf) << 4 | (e & 0xf0) << 4 | (o & 0xf0) << 8;
            alignas(32) std::array<std::uint16_t, step_positions> s1_each;
            alignas(32) std::array<std::uint16_t, step_positions> s2_each;
            _mm256_store_si256(reinterpret_cast<__m256i*>(s1_each.data()), s1);
            _mm256_store_si256(reinterpret_cast<__m256i*>(s2_each.data()), s2);
            for (; hits != 0; hits &= hits - 1) {
                const auto i = static_cast<std::size_t>(std::countr_zero(hits));
                const std::uint32_t weak = s1_each[i] | std::uint32_t{s2_each[i]} << 16;
                if (table.holds(weak)) {
                    sum = RollingSum(weak, sum.window_bytes());
                    return {passed + i, true};
                }
            }
        }
        s1_before = last_everywhere(s1);
        s2_before = last_everywhere(s2);
    }

    const auto s1_last = static_cast<std::uint32_t>(_mm256_extract_epi16(s1_before, 0)) & 0xffff;
    const auto s2_last = static_cast<std::uint32_t>(_mm256_extract_epi16(s2_before, 0)) & 0xffff;
    sum = RollingSum(s1_last | s2_last << 16, sum.window_bytes());
    Candidate rest = candidate_scan_portable(table, sum, leaving + passed, positions - passed);
    rest.passed += passed;
    return rest;
}

}  // namespace lockstep::delta

#else

namespace lockstep::delta {

Candidate candidate_scan_avx2(const BlockTable& table, RollingSum& sum, const std::byte* leaving,
                              std::size_t positions)
{
    return candidate_scan_portable(table, sum, leaving, positions);
}

}  // namespace lockstep::delta

#endif
