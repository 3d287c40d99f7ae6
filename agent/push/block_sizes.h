// The size of the blocks in which a large file is compared with what the destination has of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>

namespace lockstep::push {

// A daemon's own blocks grow with the file, about as its square root. A change costs a block of
// content, and each block a sum (PROTOCOL.md 15.1): a file that is written to here and there is
// better off with small ones, one that is changed in one place (it grows) with large ones. What the
// last delta of a file has cost tells which it is; until then they are small.
//
// Powers of two, so that most deltas of a file take the same. Bounded. Not thread-safe.
class BlockSizes {
public:
    static constexpr std::uint32_t block_bytes_min = 4096;
    static constexpr std::uint32_t block_bytes_max = 64 * 1024;
    static constexpr std::uint64_t blocks_max = 256 * 1024;
    static constexpr std::size_t files_max = 1000;

    // 0: as the daemon sees fit.
    std::uint32_t of(const std::string& path, std::uint64_t file_bytes) const;

    // `block_bytes` is what of() said, not 0; the rest of the file was found there.
    void learn(const std::string& path, std::uint64_t file_bytes, std::uint32_t block_bytes,
               std::uint64_t literal_bytes);

private:
    std::unordered_map<std::string, std::uint32_t> learnt_;
};

// Of a file of which nothing is known. 0: the daemon's own are not larger.
std::uint32_t block_bytes_for(std::uint64_t file_bytes) noexcept;

}  // namespace lockstep::push
