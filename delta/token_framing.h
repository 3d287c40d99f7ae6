// What the compressed forms share: frames of compressed data, and runs of blocks in few bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lockstep::delta {

// PROTOCOL.md 16.3. Runs are numbered relative to the last block of the one before, within a file.
class TokenFraming {
public:
    static constexpr std::size_t frame_bytes_max = 16383;  // 14 bits of length

    void begin() noexcept { base_ = 0; }
    void put_run(std::uint32_t first_block, std::uint32_t blocks, std::vector<std::byte>& out);
    static void put_end(std::vector<std::byte>& out);

    // One frame, of 1 to frame_bytes_max bytes; or as many as it takes.
    static void put_frame(std::span<const std::byte> data, std::vector<std::byte>& out);
    static void put_frames(std::span<const std::byte> data, std::vector<std::byte>& out);

private:
    std::uint32_t base_ = 0;
};

}  // namespace lockstep::delta
