// One item of the delta stream: bytes of the new file, or a run of blocks of the basis.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace lockstep::delta {

struct Token {
    std::span<const std::byte> literal = {};  // not empty: a literal
    std::uint32_t first_block = 0;            // else blocks first_block .. first_block + blocks - 1
    std::uint32_t blocks = 0;
    std::span<const std::byte> matched = {};  // the run's bytes, from a Matcher that keeps them
};

}  // namespace lockstep::delta
