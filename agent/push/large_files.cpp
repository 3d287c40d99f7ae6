#include "agent/push/large_files.h"

#include "base/path.h"
#include "transport/filter_rules.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace lockstep::push {
namespace {

bool may_be_kept(const transport::Entry& entry)
{
    return entry.is_regular() && !entry.only_there && entry.size >= LargeFiles::kept_bytes_min;
}

}  // namespace

std::uint32_t block_bytes_for(std::uint64_t file_bytes) noexcept
{
    constexpr std::uint64_t min = LargeFiles::block_bytes_min;
    constexpr std::uint64_t daemons_max = 128 * 1024;
    if (file_bytes <= min * min) return 0;  // about the square root
    const std::uint64_t wanted =
        std::bit_ceil((file_bytes + LargeFiles::blocks_max - 1) / LargeFiles::blocks_max);
    return wanted < daemons_max ? static_cast<std::uint32_t>(std::max(wanted, min)) : 0;
}

bool LargeFiles::choose(const plan::Step& step, state::IndexReader* known,
                        transport::PushOptions& options) const
{
    if (step.way != transport::Way::usual) return false;
    std::uint64_t largest = 0;
    std::size_t files = 0;
    bool keep = false;
    bool all_new = known != nullptr;
    for (const transport::Entry& entry : step.list.entries) {
        if (!entry.is_regular() || entry.only_there) continue;
        largest = std::max(largest, entry.size);
        ++files;
        if (!all_new || !may_be_kept(entry)) continue;
        keep = true;
        all_new = !known->find(entry.path);
    }
    if (files <= files_max && !options.whole_file) options.block_bytes = block_bytes_for(largest);
    if (keep && all_new) options.partial_dir = kept_in;
    if (step.delete_extras)
        for (const std::string& path : kept_)
            options.filter_rules.push_back(
                "- /" + transport::literal_pattern(join(parent_of(path), kept_in)) + "/");
    return options.block_bytes != 0 || !options.partial_dir.empty();
}

void LargeFiles::lost(const transport::PushList& list)
{
    for (const transport::Entry& entry : list.entries)
        if (may_be_kept(entry)) kept_.insert(entry.path);
}

void LargeFiles::arrived(const transport::PushList& list,
                         const std::vector<transport::PathFailure>& failures)
{
    if (kept_.empty()) return;
    std::set<std::string> failed;
    for (const transport::PathFailure& failure : failures) failed.insert(failure.path);
    for (const transport::Entry& entry : list.entries)
        if (!failed.contains(entry.path)) kept_.erase(entry.path);
}

}  // namespace lockstep::push
