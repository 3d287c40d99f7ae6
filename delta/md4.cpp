#include "delta/md4.h"

#include <algorithm>
#include <bit>

namespace lockstep::delta {
namespace {

std::uint32_t load_le(const std::byte* at)
{
    return std::to_integer<std::uint32_t>(at[0]) | std::to_integer<std::uint32_t>(at[1]) << 8 |
           std::to_integer<std::uint32_t>(at[2]) << 16 |
           std::to_integer<std::uint32_t>(at[3]) << 24;
}

}  // namespace

// RFC 1320 section 3.4: three rounds of sixteen steps; a step changes one word and the words turn.
void Md4::add_chunk(const std::byte* chunk)
{
    std::array<std::uint32_t, 16> x;
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = load_le(chunk + 4 * i);

    std::uint32_t a = state_[0];
    std::uint32_t b = state_[1];
    std::uint32_t c = state_[2];
    std::uint32_t d = state_[3];
    const auto step = [&](std::uint32_t mixed, std::size_t word, std::uint32_t added, int turn) {
        const std::uint32_t changed = std::rotl(a + mixed + x[word] + added, turn);
        a = d;
        d = c;
        c = b;
        b = changed;
    };

    constexpr std::array<int, 4> turns1 = {3, 7, 11, 19};
    for (std::size_t i = 0; i < 16; ++i) step((b & c) | (~b & d), i, 0, turns1[i % 4]);

    constexpr std::array<int, 4> turns2 = {3, 5, 9, 13};
    for (std::size_t i = 0; i < 16; ++i)
        step((b & c) | (b & d) | (c & d), i % 4 * 4 + i / 4, 0x5a827999, turns2[i % 4]);

    constexpr std::array<std::size_t, 16> order3 = {0, 8, 4, 12, 2, 10, 6, 14,
                                                    1, 9, 5, 13, 3, 11, 7, 15};
    constexpr std::array<int, 4> turns3 = {3, 9, 11, 15};
    for (std::size_t i = 0; i < 16; ++i) step(b ^ c ^ d, order3[i], 0x6ed9eba1, turns3[i % 4]);

    state_[0] += a;
    state_[1] += b;
    state_[2] += c;
    state_[3] += d;
}

void Md4::update(std::span<const std::byte> bytes)
{
    const std::size_t had = message_bytes_ % chunk_bytes;
    message_bytes_ += bytes.size();
    if (had != 0) {
        const std::size_t taken = std::min(bytes.size(), chunk_bytes - had);
        std::copy_n(bytes.begin(), taken, pending_.begin() + static_cast<std::ptrdiff_t>(had));
        bytes = bytes.subspan(taken);
        if (had + taken < chunk_bytes) return;
        add_chunk(pending_.data());
    }
    for (; bytes.size() >= chunk_bytes; bytes = bytes.subspan(chunk_bytes)) add_chunk(bytes.data());
    std::copy(bytes.begin(), bytes.end(), pending_.begin());
}

std::array<std::byte, 16> Md4::finish()
{
    const std::uint64_t message_bits = message_bytes_ * 8;
    std::array<std::byte, chunk_bytes + 8> padding{std::byte{0x80}};
    // Up to 56 mod 64, at least one byte; then the length fills the chunk.
    const std::size_t padding_bytes =
        1 + (2 * chunk_bytes - 9 - message_bytes_ % chunk_bytes) % chunk_bytes;
    for (std::size_t i = 0; i < 8; ++i)
        padding[padding_bytes + i] = static_cast<std::byte>(message_bits >> (8 * i));
    update(std::span(padding).first(padding_bytes + 8));

    std::array<std::byte, 16> sum;
    for (std::size_t i = 0; i < sum.size(); ++i)
        sum[i] = static_cast<std::byte>(state_[i / 4] >> (8 * (i % 4)));
    *this = Md4();
    return sum;
}

}  // namespace lockstep::delta
