#include "agent/lack_search.h"

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace lockstep::agent {

void LackSearch::begin(const Record::Lacking& lacking,
                       const std::vector<std::shared_ptr<Destination>>& destinations)
{
    std::map<std::string, plan::DirtySet::Looks> looks;
    for (const state::Lacking& one : lacking)
        looks[one.destination].emplace_back(one.path, static_cast<plan::Look>(one.look));
    for (const std::shared_ptr<Destination>& destination : destinations) {
        const auto own = looks.find(destination->url());
        if (own == looks.end()) continue;
        const plan::DirtySet::Looks uncovered = destination->uncovered(own->second);
        if (uncovered.empty()) continue;
        Record::Paths paths;
        for (const auto& [path, look] : uncovered) paths.push_back(path);
        ++begun_;
        const std::weak_ptr<LackSearch> weak = weak_from_this();
        record_->find_open(destination->url(), std::move(paths),
                           [weak, destination, uncovered](const Record::Paths& open) {
                               const std::shared_ptr<LackSearch> self = weak.lock();
                               if (self) self->end(*destination, uncovered, open);
                           });
    }
}

void LackSearch::end(Destination& destination, const plan::DirtySet::Looks& looks,
                     const Record::Paths& open)
{
    ++done_;
    const std::set<std::string_view> paths(open.begin(), open.end());
    const plan::TimePoint now = std::chrono::steady_clock::now();
    for (const auto& [path, look] : destination.uncovered(looks))
        if (paths.contains(path)) destination.mark(path, look, now);
    ended_();
}

}  // namespace lockstep::agent
