#include "agent/settlement.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace lockstep::agent {
namespace {

constexpr std::chrono::milliseconds vanished_delay{20};

using plan::DirtyPath;
using plan::Look;
using transport::PathFailure;

// One report, applied to one batch. What is said of a path first is what counts.
class Settling {
public:
    Settling(const plan::Batch& batch, const Waits& waits, plan::TimePoint now)
        : batch_(batch), waits_(waits), now_(now)
    {
        for (const DirtyPath& dirty : batch.paths) own_.emplace(dirty.path, &dirty);
    }

    void failed(const push::PushReport& report);
    void withheld(const push::PushReport& report);
    void held(const push::PushReport& report);
    Settlement rest_arrived();

private:
    const DirtyPath* own(const std::string& path) const
    {
        const auto found = own_.find(path);
        return found == own_.end() ? nullptr : found->second;
    }
    std::uint32_t attempts(const std::string& path) const
    {
        const DirtyPath* dirty = own(path);
        return dirty != nullptr ? dirty->attempts : waits_.attempts(path);
    }
    // A directory that could not be removed there may be another one here when it is tried again;
    // only of the source itself it is certain that no more than its attributes failed.
    bool was_subtree(const std::string& path) const
    {
        const DirtyPath* dirty = own(path);
        return dirty != nullptr && dirty->look == Look::subtree && !path.empty();
    }
    void again(const std::string& path, Look look, plan::TimePoint when, bool failed = true)
    {
        result_.again.push_back({path, look, when, failed});
    }

    const plan::Batch& batch_;
    const Waits& waits_;
    plan::TimePoint now_;
    std::unordered_map<std::string_view, const DirtyPath*> own_;
    std::set<std::string_view> open_;  // have not arrived
    Settlement result_;
};

void Settling::failed(const push::PushReport& report)
{
    Trouble trouble;
    for (const PathFailure& failure : report.failures) {
        if (!open_.insert(failure.path).second) continue;
        const bool unlisted = std::find(report.unlisted.begin(), report.unlisted.end(),
                                        failure.path) != report.unlisted.end();
        const Look look = unlisted || was_subtree(failure.path) ? Look::subtree : Look::content;
        if (failure.vanished) {
            again(failure.path, look, now_ + vanished_delay, false);
            continue;
        }
        again(failure.path, look, now_ + waits_.delay_after(attempts(failure.path) + 1));
        if (trouble.paths.empty()) {
            trouble.kind = failure.kind;
            trouble.remedy = Remedy::skip_path;
            trouble.message = failure.message;
        }
        trouble.paths.push_back(failure.path);
    }
    if (!trouble.paths.empty()) result_.failed = std::move(trouble);
}

void Settling::withheld(const push::PushReport& report)
{
    if (report.withheld.empty() && !report.max_delete_hit) return;
    for (const std::string& path : report.withheld)
        if (open_.insert(path).second) again(path, Look::content, now_ + Settlement::never);
    if (report.max_delete_hit)
        for (const DirtyPath& dirty : batch_.paths)
            if (dirty.look >= Look::listing && open_.insert(dirty.path).second)
                again(dirty.path, dirty.look, now_ + Settlement::never);
    Trouble stop;
    stop.kind = ErrorKind::max_delete;
    stop.remedy = Remedy::needs_person;
    stop.message = "more deletions than max_delete allows; everything else was sent";
    stop.paths = report.withheld;
    result_.withheld = std::move(stop);
}

void Settling::held(const push::PushReport& report)
{
    for (const std::string& path : report.held) {
        const DirtyPath* dirty = own(path);
        if (dirty == nullptr || !open_.insert(path).second) continue;
        // A flush that came meanwhile does not wait.
        const bool hurried = dirty->sequence <= waits_.hurry_up_to;
        again(path, dirty->look, hurried ? now_ : dirty->since + waits_.open_max, false);
    }
}

Settlement Settling::rest_arrived()
{
    for (const DirtyPath& dirty : batch_.paths)
        if (!open_.contains(dirty.path)) result_.arrived.push_back(&dirty);
    return std::move(result_);
}

}  // namespace

Settlement settled(const plan::Batch& batch, const push::PushReport& report, const Waits& waits,
                   plan::TimePoint now)
{
    Settling settling(batch, waits, now);
    settling.failed(report);
    settling.withheld(report);
    settling.held(report);
    Settlement settlement = settling.rest_arrived();
    // As old as the batch: until the other names are found, it has not arrived.
    if (report.links_unknown)
        settlement.again.push_back({std::string(), Look::subtree, now, false});
    return settlement;
}

void blame_all(const plan::Batch& batch, push::PushReport& report)
{
    for (const DirtyPath& dirty : batch.paths) {
        PathFailure failure;
        failure.path = dirty.path;
        failure.kind = ErrorKind::protocol;
        failure.message = report.unattributed.front();
        report.failures.push_back(std::move(failure));
        if (dirty.look == Look::subtree) report.unlisted.push_back(dirty.path);
    }
}

std::optional<std::vector<plan::DirtySet::Again>> all_but(const plan::Batch& batch,
                                                          const std::string& culprit,
                                                          const Waits& waits, plan::TimePoint now)
{
    std::vector<plan::DirtySet::Again> again;
    std::uint32_t attempts = waits.attempts(culprit);
    for (const DirtyPath& dirty : batch.paths) {
        if (dirty.path != culprit) {
            again.push_back({dirty.path, dirty.look, now, false});
            continue;
        }
        if (dirty.look >= Look::listing) return std::nullopt;
        attempts = dirty.attempts;
    }
    again.push_back({culprit, Look::content, now + waits.delay_after(attempts + 1)});
    return again;
}

}  // namespace lockstep::agent
