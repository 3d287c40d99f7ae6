#include "agent/push/report.h"

#include "base/path.h"

#include <iterator>
#include <set>
#include <string_view>

namespace lockstep::push {
namespace {

std::vector<std::pair<std::string, state::Fingerprint>> racy_of(const state::Sightings& sightings)
{
    std::vector<std::pair<std::string, state::Fingerprint>> racy;
    sightings.for_each_group([&](const state::Sightings::Group& group) {
        for (const state::Sightings::Name& name : group.names) {
            const std::optional<state::Fingerprint> seen = state::unpacked(name.fingerprint);
            if (seen && seen->racy) racy.emplace_back(join(group.directory, name.name), *seen);
        }
    });
    return racy;
}

}  // namespace

void PushReport::add(PushReport more)
{
    const auto move_to = [](auto& all, auto& some) {
        all.insert(all.end(), std::make_move_iterator(some.begin()),
                   std::make_move_iterator(some.end()));
    };
    move_to(failures, more.failures);
    move_to(unlisted, more.unlisted);
    move_to(unattributed, more.unattributed);
    move_to(withheld, more.withheld);
    move_to(held, more.held);
    move_to(racy, more.racy);
    sightings.append(more.sightings);
    links_unknown = links_unknown || more.links_unknown;
    max_delete_hit = max_delete_hit || more.max_delete_hit;
    deletions += more.deletions;
    figures += more.figures;
    if (more.peer) peer = more.peer;
    sessions += more.sessions;
}

void PushReport::add(transport::PushOutcome outcome)
{
    const std::set<std::string_view> open(held.begin(), held.end());
    for (transport::PathFailure& failure : outcome.failures) {
        if (open.contains(failure.path)) continue;
        if (failure.path == ".") failure.path.clear();
        failures.push_back(std::move(failure));
    }
    for (std::string& text : outcome.unattributed) unattributed.push_back(std::move(text));
    max_delete_hit = max_delete_hit || outcome.max_delete_hit;
    figures += outcome.figures;
}

void PushReport::saw(state::Sightings seen)
{
    sightings = std::move(seen);
    racy = racy_of(sightings);
}

}  // namespace lockstep::push
