// The peer's part, for tests: a basis summed as a generator does, and tokens put together as a
// receiver does.
#pragma once

#include "bytes.h"
#include "delta/block_sums.h"
#include "delta/matcher.h"
#include "delta/rolling_sum.h"
#include "delta/strong_sum.h"

#include <algorithm>
#include <stdexcept>

namespace lockstep::delta::test {

inline BlockSums sums_of(std::span<const std::byte> basis, std::uint32_t block_bytes,
                         std::uint32_t strong_bytes, BlockDigest& digest)
{
    BlockSums sums;
    if (basis.empty()) return sums;
    sums.count = static_cast<std::uint32_t>((basis.size() + block_bytes - 1) / block_bytes);
    sums.block_bytes = block_bytes;
    sums.strong_bytes = strong_bytes;
    sums.remainder_bytes = static_cast<std::uint32_t>(basis.size() % block_bytes);
    while (!basis.empty()) {
        const auto block = basis.first(std::min<std::size_t>(basis.size(), block_bytes));
        sums.weak.push_back(RollingSum(block).value());
        const Sum strong = digest.of(block);
        sums.strong.insert(sums.strong.end(), strong.begin(), strong.begin() + strong_bytes);
        basis = basis.subspan(block.size());
    }
    return sums;
}

// Block `number` of the basis; throws where there is none.
inline std::span<const std::byte> block_of(std::span<const std::byte> basis, const BlockSums& sums,
                                           std::uint32_t number)
{
    if (number >= sums.count) throw std::out_of_range("a block beyond the basis");
    const std::size_t begin = std::size_t{number} * sums.block_bytes;
    return basis.subspan(begin, std::min<std::size_t>(sums.block_bytes, basis.size() - begin));
}

// A token with its bytes, which it owns.
struct KeptToken {
    Bytes literal;
    std::uint32_t first_block = 0;
    std::uint32_t blocks = 0;
    Bytes matched;
    bool operator==(const KeptToken&) const = default;
};

inline Matcher::Sink keep_in(std::vector<KeptToken>& tokens)
{
    return [&tokens](const Token& token) {
        tokens.push_back({{token.literal.begin(), token.literal.end()},
                          token.first_block,
                          token.blocks,
                          {token.matched.begin(), token.matched.end()}});
    };
}

inline Bytes rebuild(const std::vector<KeptToken>& tokens, std::span<const std::byte> basis,
                     const BlockSums& sums)
{
    Bytes file;
    for (const KeptToken& token : tokens) {
        file.insert(file.end(), token.literal.begin(), token.literal.end());
        for (std::uint32_t i = 0; i < token.blocks; ++i) {
            const auto block = block_of(basis, sums, token.first_block + i);
            file.insert(file.end(), block.begin(), block.end());
        }
    }
    return file;
}

// What an afternoon does to a file: inserts, deletes, moves, repeats, overwrites, truncates.
inline Bytes edited(std::mt19937& random, const Bytes& basis, std::size_t edits)
{
    Bytes file = basis;
    const auto at = [&](std::size_t size) {
        return static_cast<std::ptrdiff_t>(random() % (size + 1));
    };
    for (std::size_t i = 0; i < edits; ++i) {
        const auto from = at(file.size());
        const auto length = at(file.size() - static_cast<std::size_t>(from)) / 3;
        const Bytes piece(file.begin() + from, file.begin() + from + length);
        switch (random() % 6) {
            case 0: {
                const Bytes fresh = random_bytes(random, random() % 500);
                file.insert(file.begin() + from, fresh.begin(), fresh.end());
                break;
            }
            case 1:
                file.erase(file.begin() + from, file.begin() + from + length);
                break;
            case 2: {
                file.erase(file.begin() + from, file.begin() + from + length);
                const auto to = at(file.size());
                file.insert(file.begin() + to, piece.begin(), piece.end());
                break;
            }
            case 3:
                if (file.size() < 3 * basis.size() + 100)
                    file.insert(file.begin() + from, piece.begin(), piece.end());
                break;
            case 4:
                if (length > 0) file[static_cast<std::size_t>(from)] ^= std::byte{1};
                break;
            case 5:
                file.erase(file.end() - at(file.size()) / 8, file.end());
                break;
        }
    }
    return file;
}

}  // namespace lockstep::delta::test
