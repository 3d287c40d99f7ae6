#include "agent/aftermath.h"

#include "base/path.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace lockstep::agent {

void Aftermath::expect(const plan::Batch& batch, const push::LostSessions& lost,
                       std::chrono::milliseconds timeout, TimePoint now)
{
    if (!lost.any) return;
    const auto wait = lost.timed_out ? timeout : std::chrono::milliseconds(0);
    lost_.insert(lost.names.begin(), lost.names.end());
    expect_looks(batch, lost.directories, now + wait + after_end);
}

// It may remove or replace what it had in its list, and what is new where it compared, with all
// that is below.
bool Aftermath::in_danger(const std::string& path) const
{
    return lost_.contains(path) || any_above(path, [&](std::string_view up) {
               return lost_.contains(up) || look_at(up) == plan::Look::listing;
           });
}

// Each name in a directory that is listed is compared.
bool Aftermath::is_covered(const plan::DirtyPath& dirty) const
{
    if (dirty.look < plan::Look::listing && look_at(parent_of(dirty.path)) >= plan::Look::listing)
        return true;
    return any_above(dirty.path,
                     [&](std::string_view up) { return look_at(up) == plan::Look::subtree; });
}

plan::Look Aftermath::look_at(std::string_view path) const
{
    const auto known = looks_.find(path);
    return known == looks_.end() ? plan::Look::attributes : known->second;
}

void Aftermath::arrived(const plan::Batch& batch)
{
    if (!until_) return;
    for (const plan::DirtyPath& dirty : batch.paths) {
        if (dirty.path.empty() || !in_danger(dirty.path) || is_covered(dirty)) continue;
        plan::Look& look = looks_.emplace(dirty.path, plan::Look::attributes).first->second;
        if (dirty.look >= plan::Look::listing && look < plan::Look::listing)
            look = plan::Look::subtree;
    }
    if (looks_.size() <= looks_max) return;
    looks_ = {{std::string(), plan::Look::subtree}};
    recorded_ = false;
}

bool Aftermath::expect_listings(TimePoint now)
{
    if (to_be_listed_.empty()) return false;
    expect_looks({}, std::exchange(to_be_listed_, {}), now + after_end);
    return true;
}

void Aftermath::expect_looks(const plan::Batch& batch, const std::set<std::string>& directories,
                             TimePoint until)
{
    if (batch.empty() && directories.empty()) return;
    for (const plan::DirtyPath& dirty : batch.paths)
        if (dirty.look < plan::Look::listing) looks_.emplace(dirty.path, plan::Look::attributes);
    for (const std::string& directory : directories) {
        plan::Look& look = looks_[directory];
        look = std::max(look, plan::Look::listing);
    }
    until_ = until_ ? std::max(*until_, until) : until;
    recorded_ = false;
}

void Aftermath::end(plan::DirtySet& dirty, TimePoint now)
{
    until_.reset();
    lost_.clear();
    for (const auto& [path, look] : std::exchange(looks_, {})) dirty.add(path, look, now);
    mark_ = dirty.mark();
}

std::vector<state::DirtyRow> Aftermath::to_record(const plan::Batch& acknowledged)
{
    std::vector<state::DirtyRow> rows;
    for (const std::string& directory : to_be_listed_)
        rows.push_back({directory, static_cast<int>(plan::Look::listing), false});
    const bool all = !std::exchange(recorded_, true) || acknowledged.compares();
    if (!until_) return rows;
    if (all) {
        for (const auto& [path, look] : looks_)
            rows.push_back({path, static_cast<int>(look), false});
        return rows;
    }
    const auto add = [&](std::string_view path) {
        const auto expected = looks_.find(path);
        if (expected != looks_.end())
            rows.push_back({expected->first, static_cast<int>(expected->second), false});
        return false;  // and what is above
    };
    for (const plan::DirtyPath& dirty : acknowledged.paths) {
        add(dirty.path);
        any_above(dirty.path, add);
    }
    return rows;
}

}  // namespace lockstep::agent
