#include "agent/push/unproven.h"

#include "base/path.h"

#include <algorithm>
#include <unordered_set>

namespace lockstep::push {
namespace {

using state::Fingerprint;

bool has_files(const state::Sightings::Group& group)
{
    return std::any_of(group.names.begin(), group.names.end(),
                       [](const state::Sightings::Name& name) {
                           const std::optional<Fingerprint> now = state::unpacked(name.fingerprint);
                           return now && S_ISREG(now->mode);
                       });
}

// The regular files of one listing that only seem to be what was acknowledged.
void add_unproven(state::IndexReader& index, const state::Sightings::Group& group,
                  std::unordered_set<std::string>& unproven)
{
    if (!has_files(group)) return;
    std::vector<state::IndexReader::Row> rows;
    index.list(group.directory, rows);
    if (rows.empty()) return;
    for (const state::Sightings::Name& name : group.names) {
        const std::optional<Fingerprint> now = state::unpacked(name.fingerprint);
        if (!now || !S_ISREG(now->mode)) continue;
        const Fingerprint* row = state::IndexReader::find_in(rows, name.name);
        if (row != nullptr && looks_equal(*row, *now) && !row->proves(*now))
            unproven.insert(join(group.directory, name.name));
    }
}

}  // namespace

void note_unproven(state::IndexReader& index, std::string_view destination, bool known,
                   const plan::Batch& batch, Observation& observation)
{
    if (observation.observed.subtrees.empty()) return;
    std::unordered_set<std::string_view> listed;
    for (const plan::ObservedSubtree& subtree : observation.observed.subtrees)
        listed.insert(subtree.path);
    std::unordered_set<std::string> unproven;
    observation.sightings.for_each_group([&](const state::Sightings::Group& group) {
        if (listed.contains(group.directory)) add_unproven(index, group, unproven);
    });
    // After the states: what another destination acknowledged until then is open here.
    std::unordered_set<std::string> open;
    if (known)
        for (std::string& path : index.open_paths(destination)) open.insert(std::move(path));
    for (const plan::DirtyPath& dirty : batch.paths) open.erase(dirty.path);
    unproven.merge(open);
    if (unproven.empty()) return;
    for (plan::ObservedSubtree& subtree : observation.observed.subtrees) {
        for (std::size_t i = 0; i < subtree.entries.size(); ++i)
            if (subtree.entries[i].is_regular() && unproven.contains(subtree.entries[i].path))
                subtree.changed.push_back(i);
        std::sort(subtree.changed.begin(), subtree.changed.end());
        subtree.changed.erase(std::unique(subtree.changed.begin(), subtree.changed.end()),
                              subtree.changed.end());
    }
}

}  // namespace lockstep::push
