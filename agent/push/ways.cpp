#include "agent/push/ways.h"

namespace lockstep::push {

void Ways::choose(const Beneath& source, plan::Batch& batch, plan::Observed& observed)
{
    const Refusals& refusals = job_.sessions->refusals();
    const bool overwrites = job_.in_place && !refusals.contains(Ask::overwrites);
    const bool appends = job_.grown && job_.append_only && !refusals.contains(Ask::appends);
    if (!appends && !overwrites) return;
    HeldDirectory near(source);
    using Lacks = GrownFiles::Lacks;
    const auto choose = [&](transport::Entry& entry) {
        if (!entry.is_regular() || entry.link_count > 1) return Lacks::content;
        if (overwrites && job_.in_place(entry.path)) entry.way = transport::Way::in_place;
        if (!appends || !job_.append_only(entry.path)) return Lacks::content;
        return job_.grown->look_at(near, entry, seen_);
    };
    for (plan::DirtyPath& dirty : batch.paths) {
        const auto found = observed.at.find(dirty.path);
        if (found == observed.at.end() || !found->second) continue;
        if (choose(*found->second) == Lacks::nothing) dirty.look = plan::Look::attributes;
    }
    for (plan::ObservedSubtree& subtree : observed.subtrees)
        for (transport::Entry& entry : subtree.entries) choose(entry);
    if (job_.grown) job_.grown->begun(seen_);
}

void Ways::arrived(const PushReport& report)
{
    if (!job_.grown || !report.unattributed.empty()) return;
    for (const transport::PathFailure& failure : report.failures) seen_.erase(failure.path);
    for (const std::string& path : report.held) seen_.erase(path);
    job_.grown->arrived(std::move(seen_));
}

}  // namespace lockstep::push
