// Tells most weak sums that no block has from those that one may have: the matcher's innermost
// question.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace lockstep::delta {

// A Bloom filter of two bits a sum, both in one word: one look at memory an answer, which AVX2
// takes eight at a time (candidate_scan_avx2.cpp). With at least 16 bits a block about one sum in
// fifty passes for nothing. At most 2 MiB, so that it stays near the core: past a million blocks
// more pass.
class WeakFilter {
public:
    explicit WeakFilter(std::size_t blocks)
        : word_shift_(32 - std::clamp(static_cast<int>(std::bit_width(blocks / 2)), 4, 19)),
          words_(std::size_t{1} << (32 - word_shift_))
    {
    }

    void add(std::uint32_t weak) noexcept { words_[word_of(weak)] |= bits_of(weak); }

    bool may_hold(std::uint32_t weak) const noexcept
    {
        return (~words_[word_of(weak)] & bits_of(weak)) == 0;
    }

    // Weak sums cluster: neighbouring windows differ little in either half. Fibonacci hashing
    // spreads them over the upper bits.
    static constexpr std::uint32_t multiplier = 0x9e3779b1U;
    static std::uint32_t mixed(std::uint32_t weak) noexcept { return weak * multiplier; }

    // For the vector twin: word mixed(weak) >> word_shift(), bits weak % 32 and (weak >> 16) % 32.
    int word_shift() const noexcept { return word_shift_; }
    const std::uint32_t* words() const noexcept { return words_.data(); }

private:
    std::size_t word_of(std::uint32_t weak) const noexcept { return mixed(weak) >> word_shift_; }

    static std::uint32_t bits_of(std::uint32_t weak) noexcept
    {
        return 1U << (weak % 32) | 1U << ((weak >> 16) % 32);
    }

    int word_shift_;
    std::vector<std::uint32_t> words_;
};

}  // namespace lockstep::delta
