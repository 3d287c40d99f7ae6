// Bytes for tests: from text, from hexadecimal, and seeded random files.
#pragma once

#include <cstddef>
#include <random>
#include <span>
#include <string_view>
#include <vector>

namespace lockstep::delta::test {

using Bytes = std::vector<std::byte>;

inline Bytes bytes_of(std::string_view text)
{
    const auto raw = std::as_bytes(std::span(text));
    return {raw.begin(), raw.end()};
}

// Spaces are skipped.
inline Bytes from_hex(std::string_view hex)
{
    const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    Bytes bytes;
    int high = -1;
    for (const char c : hex) {
        if (c == ' ') continue;
        if (high < 0) {
            high = digit(c);
        } else {
            bytes.push_back(static_cast<std::byte>(high * 16 + digit(c)));
            high = -1;
        }
    }
    return bytes;
}

// Of `letters` different byte values; few make blocks that look alike.
inline Bytes random_bytes(std::mt19937& random, std::size_t size, unsigned letters = 256)
{
    Bytes bytes(size);
    for (std::byte& b : bytes) b = static_cast<std::byte>(random() % letters * 37);
    return bytes;
}

inline std::span<const std::byte> view(const Bytes& bytes)
{
    return bytes;
}

}  // namespace lockstep::delta::test
