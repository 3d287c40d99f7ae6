#include "agent/plan/dirty_set.h"

#include "base/assert.h"

#include <algorithm>
#include <utility>

namespace lockstep::plan {

void DirtySet::insert(DirtyPath dirty, std::optional<TimePoint> retry_at)
{
    sequences_.insert(dirty.sequence);
    since_.insert(dirty.since);
    Order& order = retry_at ? waiting_ : due_;
    order.push_back(Item{std::move(dirty), retry_at});
    const auto item = std::prev(order.end());
    if (retry_at) by_retry_.emplace(*retry_at, item);
    by_path_.emplace(item->dirty.path, item);
}

void DirtySet::erase(Order::iterator item)
{
    by_path_.erase(item->dirty.path);
    sequences_.erase(sequences_.find(item->dirty.sequence));
    since_.erase(since_.find(item->dirty.since));
    if (!item->retry_at) {
        due_.erase(item);
        return;
    }
    const auto [first, last] = by_retry_.equal_range(*item->retry_at);
    by_retry_.erase(
        std::find_if(first, last, [&](const auto& entry) { return entry.second == item; }));
    waiting_.erase(item);
}

void DirtySet::add(std::string path, Look look, TimePoint now)
{
    const std::uint64_t sequence = ++sequence_;
    const auto known = by_path_.find(path);
    if (known == by_path_.end()) {
        insert(DirtyPath{std::move(path), look, sequence, now, 0}, std::nullopt);
        if (by_path_.size() > paths_max_) collapse(now);
        return;
    }
    const Order::iterator item = known->second;
    item->dirty.look = std::max(item->dirty.look, look);
    item->dirty.failed_at.reset();
    if (!item->retry_at) return;
    DirtyPath dirty = item->dirty;
    erase(item);
    insert(std::move(dirty), std::nullopt);
}

Batch DirtySet::take(std::size_t count, TimePoint now)
{
    while (!by_retry_.empty() && by_retry_.begin()->first <= now) {
        const Order::iterator item = by_retry_.begin()->second;
        DirtyPath dirty = item->dirty;
        erase(item);
        insert(std::move(dirty), std::nullopt);
    }
    Batch batch;
    while (!due_.empty() && batch.paths.size() < count) {
        const Order::iterator item = due_.begin();
        DirtyPath dirty = item->dirty;
        erase(item);
        sequences_.insert(dirty.sequence);  // still unacknowledged
        since_.insert(dirty.since);
        in_flight_.emplace(dirty.sequence, InFlight{dirty.path, dirty.failed_at});
        batch.paths.push_back(std::move(dirty));
    }
    return batch;
}

void DirtySet::settle(const Batch& batch, const std::vector<Again>& again, TimePoint now)
{
    std::unordered_map<std::string_view, const DirtyPath*> sent;
    for (const DirtyPath& dirty : batch.paths) {
        const auto [first, last] = in_flight_.equal_range(dirty.sequence);
        const auto flown = std::find_if(
            first, last, [&](const auto& item) { return item.second.path == dirty.path; });
        LOCKSTEP_ASSERT(flown != last, "a batch is settled once");
        in_flight_.erase(flown);
        sequences_.erase(sequences_.find(dirty.sequence));
        since_.erase(since_.find(dirty.since));
        sent.emplace(dirty.path, &dirty);
    }
    std::uint64_t oldest = sequence_;
    TimePoint since = now;
    std::uint32_t attempts = 0;
    for (const DirtyPath& dirty : batch.paths) {
        oldest = std::min(oldest, dirty.sequence);
        since = std::min(since, dirty.since);
        attempts = std::max(attempts, dirty.attempts);
    }
    for (const Again& failed : again) {
        // A path that stood in the list for another's sake (a parent, something below a subtree)
        // counts from the oldest of the batch: a flush must wait for it.
        DirtyPath dirty{failed.path, failed.look, oldest, since, attempts};
        const auto own = sent.find(failed.path);
        if (own != sent.end()) {
            dirty = *own->second;
            dirty.look = std::max(dirty.look, failed.look);
            if (dirty.look == Look::subtree && failed.look != Look::subtree)
                dirty.look = failed.look;
        }
        ++dirty.attempts;
        if (failed.failed) dirty.failed_at = now;
        const auto touched = by_path_.find(failed.path);
        if (touched == by_path_.end()) {
            insert(std::move(dirty), failed.retry_at);
            continue;
        }
        // Touched again while in flight: it is due as it stands, and as old as it was.
        const Order::iterator item = touched->second;
        DirtyPath merged = item->dirty;
        const std::optional<TimePoint> retry_at = item->retry_at;
        merged.look = std::max(merged.look, dirty.look);
        merged.sequence = std::min(merged.sequence, dirty.sequence);
        merged.since = std::min(merged.since, dirty.since);
        erase(item);
        insert(std::move(merged), retry_at);
    }
}

void DirtySet::give_back(const Batch& batch, TimePoint now,
                         const std::vector<std::string>& listings)
{
    std::vector<Again> again;
    again.reserve(batch.paths.size() + listings.size());
    for (const DirtyPath& dirty : batch.paths)
        again.push_back(Again{dirty.path, dirty.look, now, false});
    for (const std::string& directory : listings)
        again.push_back(Again{directory, Look::listing, now, false});
    settle(batch, again, now);
    make_all_due(now);
    for (const DirtyPath& dirty : batch.paths) {
        const auto item = by_path_.find(dirty.path);
        if (item != by_path_.end()) item->second->dirty.attempts = dirty.attempts;
    }
}

void DirtySet::make_all_due(TimePoint)
{
    while (!by_retry_.empty()) {
        const Order::iterator item = by_retry_.begin()->second;
        DirtyPath dirty = item->dirty;
        erase(item);
        insert(std::move(dirty), std::nullopt);
    }
}

bool DirtySet::has_due(TimePoint now) const
{
    return !due_.empty() || (!by_retry_.empty() && by_retry_.begin()->first <= now);
}

std::optional<TimePoint> DirtySet::next_due() const
{
    if (by_retry_.empty()) return std::nullopt;
    return by_retry_.begin()->first;
}

std::optional<TimePoint> DirtySet::oldest_since() const
{
    if (since_.empty()) return std::nullopt;
    return *since_.begin();
}

bool DirtySet::reached(std::uint64_t mark) const
{
    return sequences_.empty() || *sequences_.begin() > mark;
}

std::vector<std::string> DirtySet::outstanding(std::uint64_t mark, std::size_t count) const
{
    std::vector<std::string> paths;
    for (const Order* order : {&waiting_, &due_}) {
        for (const Item& item : *order) {
            if (paths.size() == count) return paths;
            if (item.dirty.sequence <= mark) paths.push_back(item.dirty.path);
        }
    }
    for (const auto& [sequence, flying] : in_flight_) {
        if (paths.size() == count || sequence > mark) break;
        paths.push_back(flying.path);
    }
    return paths;
}

bool DirtySet::only_failures(std::uint64_t mark, TimePoint since) const
{
    if (reached(mark)) return false;
    const auto untried = [&](const std::optional<TimePoint>& failed_at) {
        return !failed_at || *failed_at < since;
    };
    const auto open = [&](const Item& item) {
        return item.dirty.sequence <= mark && untried(item.dirty.failed_at);
    };
    const auto flying_end = in_flight_.upper_bound(mark);
    return std::none_of(in_flight_.begin(), flying_end,
                        [&](const auto& item) { return untried(item.second.failed_at); }) &&
           std::none_of(due_.begin(), due_.end(), open) &&
           std::none_of(waiting_.begin(), waiting_.end(), open);
}

std::uint32_t DirtySet::attempts(const std::string& path) const
{
    const auto item = by_path_.find(path);
    return item == by_path_.end() ? 0 : item->second->dirty.attempts;
}

void DirtySet::collapse(TimePoint now)
{
    DirtyPath whole{std::string(), Look::subtree, *sequences_.begin(), *since_.begin(), 0};
    (void)now;
    while (!due_.empty()) erase(due_.begin());
    while (!waiting_.empty()) erase(waiting_.begin());
    insert(std::move(whole), std::nullopt);
}

}  // namespace lockstep::plan
