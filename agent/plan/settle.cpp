#include "agent/plan/settle.h"

#include <algorithm>
#include <utility>

namespace lockstep::plan {

void Settle::forget_quiet(Item& item)
{
    if (item.being_written) return;
    by_quiet_.erase(item.in_quiet);
}

void Settle::touch(std::string path, Look look, Writers writers, TimePoint now)
{
    auto known = by_path_.find(path);
    if (known == by_path_.end()) {
        by_age_.push_back(Item{Settled{std::move(path), look, now, false, {}}, now, true, {}});
        const auto item = std::prev(by_age_.end());
        known = by_path_.emplace(item->settled.path, item).first;
    } else {
        forget_quiet(*known->second);
    }
    Item& item = *known->second;
    if (look >= Look::written) {
        origins_.erase(item.settled.path);
        item.settled.closed = writers == Writers::closed;
    }
    item.settled.look = std::max(item.settled.look, look);
    item.last = now;
    item.being_written = writers == Writers::writing;
    if (!item.being_written) item.in_quiet = by_quiet_.insert(by_quiet_.end(), &item);
}

void Settle::move(const std::string& from, const std::string& to, Look look, TimePoint now)
{
    const auto was = by_path_.find(from);
    const bool written = was != by_path_.end() && was->second->settled.look >= Look::written;
    const std::string origin = origins_.of(from, written);
    // In this order: what is moved should be sent before the name that it left is deleted.
    touch(to, look, Writers::unknown, now);
    if (!origin.empty() && origin != to) origins_.set(to, origin);
    touch(from, look, Writers::unknown, now);
}

Settled Settle::give_up(std::list<Item>::iterator item)
{
    Settled settled = std::move(item->settled);
    settled.moved_from = origins_.take(settled.path);
    by_age_.erase(item);
    return settled;
}

std::vector<Settled> Settle::take_ready(TimePoint now)
{
    std::vector<Settled> ready;
    const auto take = [&](std::list<Item>::iterator item) {
        forget_quiet(*item);
        by_path_.erase(item->settled.path);
        ready.push_back(give_up(item));
    };
    while (!by_quiet_.empty() && by_quiet_.front()->last + times_.settle <= now)
        take(by_path_.find(by_quiet_.front()->settled.path)->second);
    while (!by_age_.empty() && by_age_.front().settled.since + times_.max_delay <= now)
        take(by_age_.begin());
    // What was moved from a path comes along with it: on its own, later, it would find that
    // something had happened to its origin.
    std::size_t looked_at = 0;
    while (looked_at < ready.size()) {
        const std::string path = ready[looked_at++].path;
        for (const std::string& moved : origins_.from_at_or_below(path)) {
            const auto known = by_path_.find(moved);
            if (known != by_path_.end()) take(known->second);
        }
    }
    return ready;
}

std::vector<Settled> Settle::take_all()
{
    std::vector<Settled> all;
    all.reserve(by_age_.size());
    by_path_.clear();
    by_quiet_.clear();
    while (!by_age_.empty()) all.push_back(give_up(by_age_.begin()));
    return all;
}

std::optional<TimePoint> Settle::next_ready() const
{
    std::optional<TimePoint> next;
    if (!by_quiet_.empty()) next = by_quiet_.front()->last + times_.settle;
    if (!by_age_.empty()) {
        const TimePoint latest = by_age_.front().settled.since + times_.max_delay;
        next = next ? std::min(*next, latest) : latest;
    }
    return next;
}

}  // namespace lockstep::plan
