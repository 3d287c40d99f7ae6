// Halves of moves: what was moved away and has not arrived anywhere yet.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace lockstep::watcher {

using Time = std::chrono::steady_clock::time_point;

struct MovedFrom {
    std::uint32_t cookie = 0;
    int parent_wd = -1;  // of the directory it left
    std::string name;
    bool directory = false;
    Time deadline;
    std::uint64_t number = 0;  // counts the halves; for `settled_up_to`
};

// The kernel writes moved_from and moved_to one after the other, but events of other directories
// may stand between and a read may end there. A half that stays alone until its deadline has left
// the source. Few at a time: they live for milliseconds, and are searched one by one. Who adds
// takes the oldest away while there are more than `halves_max`.
class MovePairs {
public:
    static constexpr std::size_t halves_max = 256;

    explicit MovePairs(std::chrono::milliseconds wait) : wait_(wait) {}

    void add(std::uint32_t cookie, int parent_wd, std::string_view name, bool directory, Time now);

    std::optional<MovedFrom> take_by_cookie(std::uint32_t cookie);
    // The half that left this very name.
    std::optional<MovedFrom> take_by_place(int parent_wd, std::string_view name);
    std::optional<MovedFrom> take_expired(Time now);
    std::optional<MovedFrom> take_oldest();

    std::size_t size() const noexcept { return halves_.size(); }
    std::optional<Time> next_deadline() const;
    void clear() { halves_.clear(); }

    // Halves seen so far; `settled_up_to(n)` is true when none of the first n still waits.
    std::uint64_t seen() const noexcept { return seen_; }
    bool settled_up_to(std::uint64_t number) const
    {
        return halves_.empty() || halves_.front().number > number;
    }

private:
    std::optional<MovedFrom> take(std::deque<MovedFrom>::iterator half);

    std::chrono::milliseconds wait_;
    std::deque<MovedFrom> halves_;  // oldest first
    std::uint64_t seen_ = 0;
};

}  // namespace lockstep::watcher
