#include "agent/plan/dirty_set.h"

#include "base/assert.h"
#include "base/path.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace lockstep::plan {
namespace {

std::optional<TimePoint> earlier(std::optional<TimePoint> a, std::optional<TimePoint> b)
{
    if (!a || !b) return a ? a : b;
    return std::min(*a, *b);
}

}  // namespace

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

void DirtySet::add(std::string path, Look look, TimePoint now, bool closed)
{
    if (look >= Look::written) origins_.erase(path);
    const std::uint64_t sequence = ++sequence_;
    const auto known = by_path_.find(path);
    if (known == by_path_.end()) {
        insert(DirtyPath{std::move(path), look, sequence, now, 0, {}, {}, closed}, std::nullopt);
        if (by_path_.size() > paths_max_) collapse(now);
        return;
    }
    const Order::iterator item = known->second;
    if (look >= Look::written) item->dirty.closed = closed;
    item->dirty.look = std::max(item->dirty.look, look);
    item->dirty.failed_at.reset();
    if (!item->retry_at) return;
    DirtyPath dirty = item->dirty;
    erase(item);
    insert(std::move(dirty), std::nullopt);
}

void DirtySet::add_changed_since(std::string path, TimePoint since, TimePoint now)
{
    const std::string name = path;
    add(std::move(path), Look::subtree, now);
    const auto known = by_path_.find(name);
    if (known == by_path_.end()) return;  // collapsed: of all that it stands for
    DirtyPath& dirty = known->second->dirty;
    dirty.changed_since = earlier(dirty.changed_since, since);
}

void DirtySet::add_moved(const std::vector<Moved>& moved)
{
    std::vector<std::string> origins;
    origins.reserve(moved.size());
    for (const Moved& one : moved) {
        const auto was = by_path_.find(one.from);
        const bool written = was != by_path_.end() && was->second->dirty.look >= Look::written;
        origins.push_back(origins_.of(one.from, written));
    }
    for (const Moved& one : moved) add(one.path, one.look, one.since);
    for (std::size_t i = 0; i < moved.size(); ++i) {
        const std::string& path = moved[i].path;
        if (!origins[i].empty() && origins[i] != path && by_path_.contains(path))
            origins_.set(path, origins[i]);
    }
}

void DirtySet::take_one(Order::iterator item, Batch& batch)
{
    DirtyPath dirty = item->dirty;
    erase(item);
    sequences_.insert(dirty.sequence);  // still unacknowledged
    since_.insert(dirty.since);
    in_flight_.emplace(dirty.sequence, InFlight{dirty.path, dirty.look, dirty.failed_at});
    batch.paths.push_back(std::move(dirty));
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
    // A listing sends what differs in its directory: what has a turn of its own goes first, or it
    // would be sent twice.
    if (due_.size() > count)
        for (std::size_t left = due_.size(); left > 0 && batch.paths.size() < count; --left) {
            if (due_.front().dirty.look == Look::listing)
                due_.splice(due_.end(), due_, due_.begin());
            else
                take_one(due_.begin(), batch);
        }
    while (!due_.empty() && batch.paths.size() < count) take_one(due_.begin(), batch);
    take_moves(batch);
    return batch;
}

// What was moved from a name of the batch comes along: afterwards there is nothing left to move.
void DirtySet::take_moves(Batch& batch)
{
    if (origins_.empty()) return;
    for (std::size_t i = 0; i < batch.paths.size(); ++i) {
        const std::string path = batch.paths[i].path;
        for (const auto& moved : {origins_.from_at_or_below(path), origins_.from_above(path)})
            for (const std::string& to : moved) {
                const auto pending = by_path_.find(to);
                if (pending != by_path_.end()) take_one(pending->second, batch);
            }
    }
    std::set<std::string_view> ends;
    for (const DirtyPath& dirty : batch.paths) {
        std::string origin = origins_.take(dirty.path);
        if (!origin.empty()) batch.moves.push_back({std::move(origin), dirty.path});
    }
    for (const Move& move : batch.moves) ends.insert({move.from, move.to});
    for (const Move& move : batch.moves) {
        add_at_or_below(move.from, ends, batch.unsettled);
        add_at_or_below(move.to, ends, batch.unsettled);
    }
    for (const DirtyPath& dirty : batch.paths)
        if (dirty.look >= Look::written && !ends.contains(dirty.path))
            batch.unsettled.push_back(dirty.path);
}

void DirtySet::add_at_or_below(const std::string& path, const std::set<std::string_view>& but,
                               std::vector<std::string>& paths) const
{
    const auto add = [&](const std::pair<const std::string_view, Order::iterator>& item) {
        if (item.second->dirty.look >= Look::written && !but.contains(item.first))
            paths.emplace_back(item.first);
    };
    const auto itself = by_path_.find(path);
    if (itself != by_path_.end()) add(*itself);
    const std::string below = path + '/';
    for (auto it = by_path_.lower_bound(below);
         it != by_path_.end() && it->first.starts_with(below); ++it)
        add(*it);
}

// Of what was moved from a path that comes back nobody knows what the destination has.
void DirtySet::drop_moves_from(const std::vector<Again>& again)
{
    if (origins_.empty()) return;
    for (const Again& one : again)
        for (const std::string& moved : origins_.from_at_or_below(one.path)) origins_.erase(moved);
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
    drop_moves_from(again);
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
        if (failed.failed) {
            ++dirty.attempts;
            dirty.failed_at = now;
        }
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
        merged.changed_since = earlier(merged.changed_since, dirty.changed_since);
        erase(item);
        insert(std::move(merged), retry_at);
    }
}

void DirtySet::give_back(const Batch& batch, TimePoint now, Begun begun,
                         const std::vector<std::string>& listings)
{
    std::vector<const Move*> still_moved;
    if (begun == Begun::no)
        for (const Move& move : batch.moves)
            if (!by_path_.contains(move.to)) still_moved.push_back(&move);
    std::vector<Again> again;
    again.reserve(batch.paths.size() + listings.size());
    for (const DirtyPath& dirty : batch.paths)
        again.push_back(Again{dirty.path, dirty.look, now, false});
    for (const std::string& directory : listings)
        again.push_back(Again{directory, Look::listing, now, false});
    settle(batch, again, now);
    for (const Move* move : still_moved) origins_.set(move->to, move->from);
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

std::set<std::string> DirtySet::failing() const
{
    std::set<std::string> paths;
    for (const Item& item : waiting_)
        if (item.dirty.failed_at) paths.insert(item.dirty.path);
    return paths;
}

std::vector<bool> DirtySet::clean(const std::vector<std::string>& paths) const
{
    std::unordered_set<std::string_view> flying;
    for (const auto& [sequence, item] : in_flight_) flying.insert(item.path);
    const auto known = [&](std::string_view path) {
        return by_path_.contains(path) || flying.contains(path);
    };
    std::vector<bool> clean;
    clean.reserve(paths.size());
    for (const std::string& path : paths) {
        const bool dirty = known(path) || any_above(path, known);
        clean.push_back(!dirty);
    }
    return clean;
}

DirtySet::Looks DirtySet::uncovered(const Looks& paths) const
{
    std::unordered_map<std::string_view, Look> flying;
    for (const auto& [sequence, item] : in_flight_) flying.emplace(item.path, item.look);
    const auto covers = [&](std::string_view path, Look look) {
        const auto pending = by_path_.find(path);
        if (pending != by_path_.end() && pending->second->dirty.look >= look) return true;
        const auto flown = flying.find(path);
        return flown != flying.end() && flown->second >= look;
    };
    Looks uncovered;
    for (const auto& one : paths) {
        const bool covered =
            covers(one.first, one.second) ||
            any_above(one.first, [&](std::string_view up) { return covers(up, Look::subtree); });
        if (!covered) uncovered.push_back(one);
    }
    return uncovered;
}

void DirtySet::collapse(TimePoint now)
{
    DirtyPath whole{std::string(), Look::subtree, *sequences_.begin(), *since_.begin(), 0};
    whole.changed_since = std::min(now, whole.since);
    for (const Order* order : {&due_, &waiting_})
        for (const Item& item : *order)
            whole.changed_since = earlier(whole.changed_since, item.dirty.changed_since);
    while (!due_.empty()) erase(due_.begin());
    while (!waiting_.empty()) erase(waiting_.begin());
    origins_.clear();
    insert(std::move(whole), std::nullopt);
}

}  // namespace lockstep::plan
