#include "agent/plan/settle.h"

#include <algorithm>
#include <utility>

namespace lockstep::plan {

void Settle::forget_quiet(Item& item)
{
    if (item.being_written) return;
    by_quiet_.erase(item.in_quiet);
}

void Settle::touch(std::string path, Look look, bool being_written, TimePoint now)
{
    auto known = by_path_.find(path);
    if (known == by_path_.end()) {
        by_age_.push_back(Item{Settled{std::move(path), look, now}, now, true, {}});
        const auto item = std::prev(by_age_.end());
        known = by_path_.emplace(item->settled.path, item).first;
    } else {
        forget_quiet(*known->second);
    }
    Item& item = *known->second;
    item.settled.look = std::max(item.settled.look, look);
    item.last = now;
    item.being_written = being_written;
    if (!being_written) item.in_quiet = by_quiet_.insert(by_quiet_.end(), &item);
}

std::vector<Settled> Settle::take_ready(TimePoint now)
{
    std::vector<Settled> ready;
    const auto take = [&](std::list<Item>::iterator item) {
        forget_quiet(*item);
        by_path_.erase(item->settled.path);
        ready.push_back(std::move(item->settled));
        by_age_.erase(item);
    };
    while (!by_quiet_.empty() && by_quiet_.front()->last + times_.settle <= now)
        take(by_path_.find(by_quiet_.front()->settled.path)->second);
    while (!by_age_.empty() && by_age_.front().settled.since + times_.max_delay <= now)
        take(by_age_.begin());
    return ready;
}

std::vector<Settled> Settle::take_all()
{
    std::vector<Settled> all;
    all.reserve(by_age_.size());
    for (Item& item : by_age_) all.push_back(item.settled);
    by_path_.clear();
    by_quiet_.clear();
    by_age_.clear();
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
