// MD4 (RFC 1320): OpenSSL 3 keeps it in a provider that may be absent, old rsync daemons speak
// nothing else.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace lockstep::delta {

// Broken as a cryptographic hash; here it only tells blocks of a file apart. finish() ends one
// message and starts the next.
class Md4 {
public:
    void update(std::span<const std::byte> bytes);
    std::array<std::byte, 16> finish();

private:
    static constexpr std::size_t chunk_bytes = 64;
    using Words = std::array<std::uint32_t, 4>;
    static constexpr Words start = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};

    void add_chunk(const std::byte* chunk);

    Words state_ = start;
    std::uint64_t message_bytes_ = 0;
    std::array<std::byte, chunk_bytes> pending_{};  // the first message_bytes_ % 64 count
};

}  // namespace lockstep::delta
