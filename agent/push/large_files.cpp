#include "agent/push/large_files.h"

#include "base/path.h"
#include "transport/filter_rules.h"

#include <algorithm>

namespace lockstep::push {
namespace {

bool may_be_kept(const transport::Entry& entry)
{
    return entry.is_regular() && !entry.only_there && entry.size >= LargeFiles::kept_bytes_min;
}

// Of a list, those whose content may go.
struct Files {
    const transport::Entry* largest = nullptr;
    std::size_t count = 0;
};

Files files_of(const transport::PushList& list)
{
    Files files;
    for (const transport::Entry& entry : list.entries) {
        if (!entry.is_regular() || entry.only_there) continue;
        if (files.largest == nullptr || files.largest->size < entry.size) files.largest = &entry;
        ++files.count;
    }
    return files;
}

// Of those of which something may be kept.
bool all_new(const transport::PushList& list, state::IndexReader& known)
{
    return std::none_of(list.entries.begin(), list.entries.end(),
                        [&known](const transport::Entry& entry) {
                            return may_be_kept(entry) && known.find(entry.path);
                        });
}

}  // namespace

bool LargeFiles::choose(const plan::Step& step, state::IndexReader* known,
                        transport::PushOptions& options) const
{
    if (step.way != transport::Way::usual) return false;
    const Files files = files_of(step.list);
    if (files.largest != nullptr && files.count <= files_max && !options.whole_file)
        options.block_bytes = blocks_.of(files.largest->path, files.largest->size);
    const bool keep = files.largest != nullptr && may_be_kept(*files.largest);
    if (keep && known != nullptr && all_new(step.list, *known)) options.partial_dir = kept_in;
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
    if (block_bytes != 0) {
        const Files files = files_of(list);
        if (files.count == 1)
            blocks_.learn(files.largest->path, files.largest->size, block_bytes,
                          outcome.figures.literal_bytes);
    }
    if (kept_.empty()) return;
    std::set<std::string> failed;
    for (const transport::PathFailure& failure : outcome.failures) failed.insert(failure.path);
    for (const transport::Entry& entry : list.entries)
        if (!failed.contains(entry.path)) kept_.erase(entry.path);
}

}  // namespace lockstep::push
