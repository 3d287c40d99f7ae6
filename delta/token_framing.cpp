#include "delta/token_framing.h"

#include "delta/little_endian.h"

#include <algorithm>

namespace lockstep::delta {
namespace {

constexpr std::byte end_of_file{0x00};
constexpr std::byte one_block{0x20};  // with `run_follows`: 0x21
constexpr std::byte run_follows{0x01};
constexpr std::byte data_frame{0x40};
constexpr std::byte near_block{0x80};
constexpr std::byte near_run{0xc0};

constexpr std::uint32_t near_max = 63;
constexpr std::uint32_t run_blocks_max = 65536;  // a u16 that does not count the first

}  // namespace

void TokenFraming::put_run(std::uint32_t first_block, std::uint32_t blocks,
                           std::vector<std::byte>& out)
{
    while (blocks > 0) {
        const std::uint32_t run = std::min(blocks, run_blocks_max);
        const std::uint32_t distance = first_block - base_;  // backwards wraps to a large one
        if (distance <= near_max) {
            const std::byte kind = run > 1 ? near_run : near_block;
            out.push_back(kind | static_cast<std::byte>(distance));
        } else {
            out.push_back(run > 1 ? one_block | run_follows : one_block);
            append_u32(out, first_block);
        }
        if (run > 1) append_u16(out, static_cast<std::uint16_t>(run - 1));
        first_block += run;
        blocks -= run;
        base_ = first_block - 1;
    }
}

void TokenFraming::put_end(std::vector<std::byte>& out)
{
    out.push_back(end_of_file);
}

void TokenFraming::put_frame(std::span<const std::byte> data, std::vector<std::byte>& out)
{
    out.push_back(data_frame | static_cast<std::byte>(data.size() >> 8));
    out.push_back(static_cast<std::byte>(data.size() & 0xff));
    out.insert(out.end(), data.begin(), data.end());
}

void TokenFraming::put_frames(std::span<const std::byte> data, std::vector<std::byte>& out)
{
    while (!data.empty()) {
        const auto piece = data.first(std::min(data.size(), frame_bytes_max));
        put_frame(piece, out);
        data = data.subspan(piece.size());
    }
}

}  // namespace lockstep::delta
