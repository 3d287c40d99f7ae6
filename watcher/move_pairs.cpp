#include "watcher/move_pairs.h"

#include <algorithm>
#include <utility>

namespace lockstep::watcher {

void MovePairs::add(std::uint32_t cookie, int parent_wd, std::string_view name, bool directory,
                    Time now)
{
    halves_.push_back({.cookie = cookie,
                       .parent_wd = parent_wd,
                       .name = std::string(name),
                       .directory = directory,
                       .deadline = now + wait_,
                       .number = ++seen_});
}

std::optional<MovedFrom> MovePairs::take_by_cookie(std::uint32_t cookie)
{
    // The newest first: nearly always the very last event.
    const auto half = std::find_if(halves_.rbegin(), halves_.rend(),
                                   [&](const MovedFrom& it) { return it.cookie == cookie; });
    return half == halves_.rend() ? std::nullopt : take(std::prev(half.base()));
}

std::optional<MovedFrom> MovePairs::take_by_place(int parent_wd, std::string_view name)
{
    return take(std::find_if(halves_.begin(), halves_.end(), [&](const MovedFrom& it) {
        return it.parent_wd == parent_wd && it.name == name;
    }));
}

std::optional<MovedFrom> MovePairs::take_expired(Time now)
{
    if (halves_.empty() || halves_.front().deadline > now) return std::nullopt;
    return take(halves_.begin());
}

std::optional<MovedFrom> MovePairs::take_oldest()
{
    return take(halves_.begin());
}

std::optional<Time> MovePairs::next_deadline() const
{
    if (halves_.empty()) return std::nullopt;
    return halves_.front().deadline;
}

std::optional<MovedFrom> MovePairs::take(std::deque<MovedFrom>::iterator half)
{
    if (half == halves_.end()) return std::nullopt;
    MovedFrom taken = std::move(*half);
    halves_.erase(half);
    return taken;
}

}  // namespace lockstep::watcher
