#include "agent/plan/move_steps.h"

#include "agent/plan/list_builder.h"
#include "base/path.h"

#include <algorithm>
#include <unordered_set>

namespace lockstep::plan {
namespace {

using transport::Entry;

// The two names of one file, which no other group of the list has.
void add_pair(ListBuilder& list, const MovedFile& file, std::uint64_t number)
{
    if (!list.fits(file.from) || !list.fits(file.entry.path) ||
        is_at_or_below(file.from, file.entry.path) || is_at_or_below(file.entry.path, file.from))
        return;
    Entry there = file.entry;
    there.path = file.from;
    there.link_dev = 1;
    there.link_inode = number;
    there.link_count = 2;
    there.unasked = transport::Unasked::no;
    there.only_there = true;
    list.add_only_there(there);
    there.path = file.entry.path;
    there.only_there = false;
    list.add(std::move(there));
}

}  // namespace

std::vector<Step> move_steps(std::vector<MovedFile> files, const Observed& observed)
{
    std::vector<Step> steps;
    while (!files.empty() && steps.size() < move_steps_max) {
        std::unordered_set<std::string> origins;
        for (const MovedFile& file : files) origins.insert(file.from);
        const auto later = std::stable_partition(
            files.begin(), files.end(),
            [&](const MovedFile& file) { return !origins.contains(file.entry.path); });
        if (later == files.begin()) break;
        ListBuilder list(observed);
        std::uint64_t number = 0;
        for (auto file = files.begin(); file != later; ++file) add_pair(list, *file, ++number);
        files.erase(files.begin(), later);
        if (list.empty()) continue;
        Step step;
        step.list = list.take();
        step.links = true;
        steps.push_back(std::move(step));
    }
    return steps;
}

}  // namespace lockstep::plan
