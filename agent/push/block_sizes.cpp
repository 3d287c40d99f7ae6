#include "agent/push/block_sizes.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace lockstep::push {
namespace {

constexpr double sum_bytes = 12;  // of a block, on the wire: what the strong sum needs is about 8

}  // namespace

std::uint32_t block_bytes_for(std::uint64_t file_bytes) noexcept
{
    constexpr std::uint64_t min = BlockSizes::block_bytes_min;
    constexpr std::uint64_t daemons_max = 128 * 1024;
    if (file_bytes <= min * min) return 0;  // about the square root
    const std::uint64_t wanted =
        std::bit_ceil((file_bytes + BlockSizes::blocks_max - 1) / BlockSizes::blocks_max);
    return wanted < daemons_max ? static_cast<std::uint32_t>(std::max(wanted, min)) : 0;
}

std::uint32_t BlockSizes::of(const std::string& path, std::uint64_t file_bytes) const
{
    const std::uint32_t unknown = block_bytes_for(file_bytes);
    const auto known = learnt_.find(path);
    return unknown == 0 || known == learnt_.end() ? unknown : std::max(unknown, known->second);
}

// With n changed places blocks of b cost n * b, their sums file / b * sum_bytes: least where both
// are equal.
void BlockSizes::learn(const std::string& path, std::uint64_t file_bytes, std::uint32_t block_bytes,
                       std::uint64_t literal_bytes)
{
    if (literal_bytes == 0 || literal_bytes >= file_bytes) return;
    const std::uint64_t places = std::max<std::uint64_t>(1, literal_bytes / block_bytes);
    const double least =
        std::sqrt(static_cast<double>(file_bytes) * sum_bytes / static_cast<double>(places));
    const std::uint64_t wanted = std::clamp<std::uint64_t>(
        std::bit_floor(static_cast<std::uint64_t>(least)), block_bytes_min, block_bytes_max);
    if (learnt_.size() == files_max && !learnt_.contains(path)) learnt_.clear();
    learnt_[path] = static_cast<std::uint32_t>(wanted);
}

}  // namespace lockstep::push
