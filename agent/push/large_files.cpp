#include "agent/push/large_files.h"

#include "base/path.h"
#include "transport/filter_rules.h"

#include <utility>

namespace lockstep::push {
namespace {

bool may_be_kept(const transport::Entry& entry)
{
    return entry.is_regular() && !entry.only_there && entry.size >= LargeFiles::kept_bytes_min;
}

}  // namespace

bool LargeFiles::choose(const plan::Step& step, state::IndexReader* known,
                        transport::PushOptions& options) const
{
    if (step.way != transport::Way::usual) return false;
    const transport::Entry* largest = nullptr;
    std::size_t files = 0;
    bool keep = false;
    bool all_new = known != nullptr;
    for (const transport::Entry& entry : step.list.entries) {
        if (!entry.is_regular() || entry.only_there) continue;
        if (largest == nullptr || largest->size < entry.size) largest = &entry;
        ++files;
        if (!all_new || !may_be_kept(entry)) continue;
        keep = true;
        all_new = !known->find(entry.path);
    }
    if (largest != nullptr && files <= files_max && !options.whole_file)
        options.block_bytes = blocks_.of(largest->path, largest->size);
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

void LargeFiles::arrived(const transport::PushList& list, const transport::PushOutcome& outcome,
                         std::uint32_t block_bytes)
{
    const transport::Entry* only = nullptr;
    std::size_t files = 0;
    for (const transport::Entry& entry : list.entries) {
        if (!entry.is_regular() || entry.only_there) continue;
        only = &entry;
        ++files;
    }
    if (files == 1)
        blocks_.learn(only->path, only->size, block_bytes, outcome.figures.literal_bytes);

    if (kept_.empty()) return;
    std::set<std::string> failed;
    for (const transport::PathFailure& failure : outcome.failures) failed.insert(failure.path);
    for (const transport::Entry& entry : list.entries)
        if (!failed.contains(entry.path)) kept_.erase(entry.path);
}

}  // namespace lockstep::push
