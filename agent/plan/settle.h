// Which changed paths are quiet enough to be sent: pure, time is passed in.
#pragma once

#include "agent/plan/dirty_set.h"
#include "agent/plan/move_origins.h"

#include <chrono>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace lockstep::plan {

struct SettleTimes {
    std::chrono::milliseconds settle{2};        // quiet time after a path's last event
    std::chrono::milliseconds max_delay{2000};  // from its first event, however busy it stays
};

// What was heard of those who write to a file.
enum class Writers { unknown, writing, closed };

struct Settled {
    std::string path;
    Look look = Look::content;
    TimePoint since;      // its first event
    bool closed = false;  // as in DirtyPath
    // Where the destination has it, if nothing but moves happened to it since it settled last;
    // empty: its content has to go.
    std::string moved_from{};
    bool operator==(const Settled&) const = default;
};

// A path is ready once it has been quiet for `settle`, at the latest `max_delay` after its first
// event. A file that is being written is not quiet, whatever it does. O(1) an
// event. Not thread-safe.
class Settle {
public:
    explicit Settle(SettleTimes times) : times_(times) {}

    void touch(std::string path, Look look, Writers writers, TimePoint now);

    // `from` is now `to`: two touches, of which the second knows its content by where it was.
    void move(const std::string& from, const std::string& to, Look look, TimePoint now);
    // Events were lost: what was only moved may have been written to.
    void forget_moves() { origins_.clear(); }

    // Those that are ready; they are forgotten here.
    std::vector<Settled> take_ready(TimePoint now);
    // All of them, ready or not (flush).
    std::vector<Settled> take_all();

    // When take_ready will next have something.
    std::optional<TimePoint> next_ready() const;
    std::size_t size() const noexcept { return by_path_.size(); }
    bool has(std::string_view path) const { return by_path_.contains(path); }

private:
    struct Item {
        Settled settled;
        TimePoint last;
        bool being_written = false;
        std::list<Item*>::iterator in_quiet;  // valid unless being_written
    };
    void forget_quiet(Item& item);
    Settled give_up(std::list<Item>::iterator item);

    SettleTimes times_;
    std::list<Item> by_age_;     // in the order of first events
    std::list<Item*> by_quiet_;  // closed ones, in the order of last events
    std::unordered_map<std::string_view, std::list<Item>::iterator> by_path_;
    MoveOrigins origins_;
};

}  // namespace lockstep::plan
