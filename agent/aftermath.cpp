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
    look_at(batch, lost.directories, now + wait + after_end);
}

bool Aftermath::expect_listings(TimePoint now)
{
    if (to_be_listed_.empty()) return false;
    look_at({}, std::exchange(to_be_listed_, {}), now + after_end);
    return true;
}

void Aftermath::look_at(const plan::Batch& batch, const std::set<std::string>& directories,
                        TimePoint until)
{
    if (batch.empty() && directories.empty()) return;
    for (const plan::DirtyPath& dirty : batch.paths)
        if (dirty.look < plan::Look::listing) looks_.emplace(dirty.path, plan::Look::attributes);
    for (const std::string& directory : directories)
        looks_.insert_or_assign(directory, plan::Look::listing);
    until_ = until_ ? std::max(*until_, until) : until;
    recorded_ = false;
}

void Aftermath::end(plan::DirtySet& dirty, TimePoint now)
{
    until_.reset();
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
        const auto expected = looks_.find(std::string(path));
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
