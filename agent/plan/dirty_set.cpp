#include "agent/plan/dirty_set.h"

#include "base/assert.h"
#include "base/path.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace lockstep::plan {
namespace {

std::optional<TimePoint> earlier(std::optional<TimePoint> a, std::optional<TimePoint> b)
{
    if (!a || !b) return a ? a : b;
    return std::min(*a, *b);
}

}  // namespace

DirtySet::~DirtySet()
{
    due_.clear();
    waiting_.clear();
    sequences_.clear();
    ages_.clear();
    by_path_.clear_and_dispose(DirtyItem::Dispose{});
    in_flight_.clear_and_dispose(DirtyItem::Dispose{});
}

DirtySet::Trouble DirtySet::trouble_of(const DirtyItem& item) const
{
    const auto known = troubles_.find(&item);
    return known == troubles_.end() ? Trouble{} : known->second;
}

void DirtySet::set_trouble(const DirtyItem& item, const Trouble& trouble)
{
    if (trouble == Trouble{})
        troubles_.erase(&item);
    else
        troubles_.insert_or_assign(&item, trouble);
}

DirtyPath DirtySet::value_of(const DirtyItem& item) const
{
    const Trouble trouble = trouble_of(item);
    return DirtyPath{
        std::string(item.path()), item.look(),       item.sequence(),       item.since(),
        trouble.attempts,         trouble.failed_at, trouble.changed_since, item.closed()};
}

void DirtySet::insert(const DirtyPath& dirty, std::optional<TimePoint> retry_at)
{
    DirtyItem& item = *DirtyItem::make(dirty.path, dirty.look, dirty.sequence, dirty.since);
    item.set_closed(dirty.closed);
    set_trouble(item, {dirty.attempts, dirty.failed_at, dirty.changed_since, retry_at});
    by_path_.insert(item);
    sequences_.insert(item);
    ages_.insert(item);
    item.set_turn(retry_at ? DirtyItem::Place::waiting : DirtyItem::Place::due, ++turn_);
    if (retry_at) by_retry_.emplace(Retry{*retry_at, item.turn()}, &item);
    (retry_at ? waiting_ : due_).insert(item);
}

void DirtySet::leave_turn(DirtyItem& item)
{
    if (item.place() == DirtyItem::Place::due) {
        due_.erase(due_.iterator_to(item));
        return;
    }
    Trouble trouble = trouble_of(item);
    by_retry_.erase({*trouble.retry_at, item.turn()});
    waiting_.erase(waiting_.iterator_to(item));
    trouble.retry_at.reset();
    set_trouble(item, trouble);
}

void DirtySet::erase(DirtyItem& item)
{
    leave_turn(item);
    troubles_.erase(&item);
    sequences_.erase(sequences_.iterator_to(item));
    ages_.erase(ages_.iterator_to(item));
    by_path_.erase_and_dispose(by_path_.iterator_to(item), DirtyItem::Dispose{});
}

// What waited is due, after what is due already.
void DirtySet::make_due(DirtyItem& item)
{
    leave_turn(item);
    item.set_turn(DirtyItem::Place::due, ++turn_);
    due_.insert(item);
}

// Its turn stays as it was.
void DirtySet::look_closer(DirtyItem& item, Look look)
{
    if (look <= item.look()) return;
    DirtyItem::Turns& turns = item.place() == DirtyItem::Place::due ? due_ : waiting_;
    turns.erase(turns.iterator_to(item));
    item.set_look(look);
    turns.insert(item);
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
    DirtyItem& item = *known;
    if (look >= Look::written) item.set_closed(closed);
    look_closer(item, look);
    if (item.place() == DirtyItem::Place::waiting) make_due(item);
    Trouble trouble = trouble_of(item);
    trouble.failed_at.reset();
    set_trouble(item, trouble);
}

void DirtySet::add_changed_since(std::string path, TimePoint since, TimePoint now)
{
    const std::string name = path;
    add(std::move(path), Look::subtree, now);
    const auto known = by_path_.find(name);
    if (known == by_path_.end()) return;  // collapsed: of all that it stands for
    Trouble trouble = trouble_of(*known);
    trouble.changed_since = earlier(trouble.changed_since, since);
    set_trouble(*known, trouble);
}

void DirtySet::add_moved(const std::vector<Moved>& moved)
{
    std::vector<std::string> origins;
    origins.reserve(moved.size());
    for (const Moved& one : moved) {
        const auto was = by_path_.find(one.from);
        const bool written = was != by_path_.end() && was->look() >= Look::written;
        origins.push_back(origins_.of(one.from, written));
    }
    for (const Moved& one : moved) add(one.path, one.look, one.since);
    for (std::size_t i = 0; i < moved.size(); ++i) {
        const std::string& path = moved[i].path;
        if (!origins[i].empty() && origins[i] != path && by_path_.count(path) > 0)
            origins_.set(path, origins[i]);
    }
}

void DirtySet::take_one(DirtyItem& item, Batch& batch)
{
    leave_turn(item);
    by_path_.erase(by_path_.iterator_to(item));
    item.set_turn(DirtyItem::Place::in_flight, 0);
    in_flight_.insert(item);
    batch.paths.push_back(value_of(item));
}

Batch DirtySet::take(std::size_t count, TimePoint now)
{
    while (!by_retry_.empty() && by_retry_.begin()->first.first <= now)
        make_due(*by_retry_.begin()->second);
    Batch batch;
    // A listing sends what differs in its directory: what has a turn of its own goes first, or it
    // would be sent twice. Where all of it goes in one batch, each goes in its turn.
    const bool all = due_.size() <= count;
    while (!due_.empty() && batch.paths.size() < count) {
        auto next = due_.begin();
        const auto listing = all ? due_.lower_bound(DirtyItem::first_listing) : due_.end();
        if (listing != due_.end() && listing->turn() < next->turn()) next = listing;
        take_one(*next, batch);
    }
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
                if (pending != by_path_.end()) take_one(*pending, batch);
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
    const auto add = [&](const DirtyItem& item) {
        if (item.look() >= Look::written && !but.contains(item.path()))
            paths.emplace_back(item.path());
    };
    const auto itself = by_path_.find(path);
    if (itself != by_path_.end()) add(*itself);
    const std::string below = path + '/';
    for (auto it = by_path_.lower_bound(below);
         it != by_path_.end() && it->path().starts_with(below); ++it)
        add(*it);
}

// Of what was moved from a path that comes back nobody knows what the destination has.
void DirtySet::drop_moves_from(const std::vector<Again>& again)
{
    if (origins_.empty()) return;
    for (const Again& one : again)
        for (const std::string& moved : origins_.from_at_or_below(one.path)) origins_.erase(moved);
}

void DirtySet::land(const DirtyPath& dirty)
{
    // A path that flies twice, in two batches, may have one sequence and two ages.
    const auto [first, last] = in_flight_.equal_range({dirty.path, dirty.sequence});
    const auto flown = std::find_if(
        first, last, [&](const DirtyItem& item) { return item.since() == dirty.since; });
    LOCKSTEP_ASSERT(flown != last, "a batch is settled once");
    troubles_.erase(&*flown);
    sequences_.erase(sequences_.iterator_to(*flown));
    ages_.erase(ages_.iterator_to(*flown));
    in_flight_.erase_and_dispose(flown, DirtyItem::Dispose{});
}

void DirtySet::settle(const Batch& batch, const std::vector<Again>& again, TimePoint now)
{
    std::unordered_map<std::string_view, const DirtyPath*> sent;
    for (const DirtyPath& dirty : batch.paths) {
        land(dirty);
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
            insert(dirty, failed.retry_at);
            continue;
        }
        // Touched again while in flight: it is due as it stands, and as old as it was.
        DirtyPath merged = value_of(*touched);
        const std::optional<TimePoint> retry_at = trouble_of(*touched).retry_at;
        merged.look = std::max(merged.look, dirty.look);
        merged.sequence = std::min(merged.sequence, dirty.sequence);
        merged.since = std::min(merged.since, dirty.since);
        merged.changed_since = earlier(merged.changed_since, dirty.changed_since);
        erase(*touched);
        insert(merged, retry_at);
    }
}

void DirtySet::give_back(const Batch& batch, TimePoint now, Begun begun)
{
    std::vector<const Move*> still_moved;
    if (begun == Begun::no)
        for (const Move& move : batch.moves)
            if (by_path_.count(move.to) == 0) still_moved.push_back(&move);
    std::vector<Again> again;
    again.reserve(batch.paths.size());
    for (const DirtyPath& dirty : batch.paths)
        again.push_back(Again{dirty.path, dirty.look, now, false});
    settle(batch, again, now);
    for (const Move* move : still_moved) origins_.set(move->to, move->from);
    make_all_due(now);
    for (const DirtyPath& dirty : batch.paths) {
        const auto item = by_path_.find(dirty.path);
        if (item == by_path_.end()) continue;
        Trouble trouble = trouble_of(*item);
        trouble.attempts = dirty.attempts;
        set_trouble(*item, trouble);
    }
}

void DirtySet::make_all_due(TimePoint)
{
    while (!by_retry_.empty()) make_due(*by_retry_.begin()->second);
}

bool DirtySet::has_due(TimePoint now) const
{
    return !due_.empty() || (!by_retry_.empty() && by_retry_.begin()->first.first <= now);
}

std::optional<TimePoint> DirtySet::next_due() const
{
    if (by_retry_.empty()) return std::nullopt;
    return by_retry_.begin()->first.first;
}

std::optional<TimePoint> DirtySet::oldest_since() const
{
    if (ages_.empty()) return std::nullopt;
    return ages_.begin()->since();
}

bool DirtySet::reached(std::uint64_t mark) const
{
    return sequences_.empty() || sequences_.begin()->sequence() > mark;
}

std::vector<std::string> DirtySet::outstanding(std::uint64_t mark, std::size_t count) const
{
    std::vector<std::string> paths;
    for (const DirtyItem::Turns* turns : {&waiting_, &due_}) {
        for (const DirtyItem& item : *turns) {
            if (paths.size() == count) return paths;
            if (item.sequence() <= mark) paths.emplace_back(item.path());
        }
    }
    for (const DirtyItem& item : sequences_) {
        if (paths.size() == count || item.sequence() > mark) break;
        if (item.place() == DirtyItem::Place::in_flight) paths.emplace_back(item.path());
    }
    return paths;
}

bool DirtySet::only_failures(std::uint64_t mark, TimePoint since) const
{
    if (reached(mark)) return false;
    return std::none_of(sequences_.begin(), sequences_.upper_bound(mark),
                        [&](const DirtyItem& item) {
                            const std::optional<TimePoint> failed_at = trouble_of(item).failed_at;
                            return !failed_at || *failed_at < since;
                        });
}

std::uint32_t DirtySet::attempts(const std::string& path) const
{
    const auto item = by_path_.find(path);
    return item == by_path_.end() ? 0 : trouble_of(*item).attempts;
}

std::set<std::string> DirtySet::failing() const
{
    std::set<std::string> paths;
    for (const DirtyItem& item : waiting_)
        if (trouble_of(item).failed_at) paths.emplace(item.path());
    return paths;
}

// The oldest, where there are several.
const DirtyItem* DirtySet::flying_at(std::string_view path) const
{
    const auto first = in_flight_.lower_bound({path, 0});
    return first != in_flight_.end() && first->path() == path ? &*first : nullptr;
}

std::vector<bool> DirtySet::clean(const std::vector<std::string>& paths) const
{
    const auto known = [&](std::string_view path) {
        return by_path_.count(path) > 0 || flying_at(path) != nullptr;
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
    const auto covers = [&](std::string_view path, Look look) {
        const auto pending = by_path_.find(path);
        if (pending != by_path_.end() && pending->look() >= look) return true;
        const DirtyItem* const flying = flying_at(path);
        return flying != nullptr && flying->look() >= look;
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
    DirtyPath whole{std::string(), Look::subtree, sequences_.begin()->sequence(),
                    ages_.begin()->since(), 0};
    whole.changed_since = std::min(now, whole.since);
    for (const auto& [item, trouble] : troubles_)
        if (item->place() != DirtyItem::Place::in_flight)
            whole.changed_since = earlier(whole.changed_since, trouble.changed_since);
    while (!by_path_.empty()) erase(*by_path_.begin());
    origins_.clear();
    insert(whole, std::nullopt);
}

}  // namespace lockstep::plan
