// The paths of one destination whose state there is not known to equal the source's.
#pragma once

#include "agent/plan/dirty_item.h"
#include "agent/plan/dirty_path.h"
#include "agent/plan/move_origins.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lockstep::plan {

// What is taken in one go. The set remembers it as in flight until it is settled.
struct Batch {
    std::vector<DirtyPath> paths;
    std::vector<Move> moves{};  // of these paths: where the destination has them
    // At or below either side of a move, and dirty for themselves: of those nothing is known there.
    std::vector<std::string> unsettled{};
    bool empty() const noexcept { return paths.empty(); }
    // One of them goes with a list of what is in it.
    bool compares() const noexcept
    {
        return std::any_of(paths.begin(), paths.end(),
                           [](const DirtyPath& dirty) { return dirty.look >= Look::listing; });
    }
    // One of them stands for the source, with all that is in it.
    bool has_whole_source() const noexcept
    {
        return std::any_of(paths.begin(), paths.end(), [](const DirtyPath& dirty) {
            return dirty.path.empty() && dirty.look == Look::subtree;
        });
    }
};

// State, not history: a path stands in it once, however many events touched it. Adding while a path
// is in flight makes it dirty again (invariant I2: what was sent may be older than the event). Past
// `paths_max` all is collapsed to the whole tree, so memory is bounded. Every operation is O(log n)
// a path, and a path of 60 bytes takes 192 while nothing is wrong with it
// (tests/bench/dirty_bench). Not thread-safe.
class DirtySet {
public:
    explicit DirtySet(std::size_t paths_max) : paths_max_(paths_max) {}
    ~DirtySet();
    DirtySet(const DirtySet&) = delete;
    DirtySet& operator=(const DirtySet&) = delete;

    // A path that waits for a later attempt is due at once again: something about it changed.
    void add(std::string path, Look look, TimePoint now, bool closed = false);
    // A subtree that stands for paths of which nothing else is remembered.
    void add_changed_since(std::string path, TimePoint since, TimePoint now);
    // The same of paths that were only moved since what was added before; of the hints those are
    // dropped where the destination may not have `from` as it was. Add them before their origins,
    // so that they are not sent after these are deleted.
    struct Moved {
        std::string from;
        std::string path;
        Look look = Look::content;
        TimePoint since;
    };
    void add_moved(const std::vector<Moved>& moved);
    // Events were lost: what was only moved may have been written to.
    void forget_moves() { origins_.clear(); }

    // Up to `count` paths that are due, oldest first; listings after what else is due.
    Batch take(std::size_t count, TimePoint now);

    // The batch is settled: what is in `again` did not arrive and is due at `retry_at` (with one
    // more attempt), the rest is acknowledged. What comes back goes as content, moved or not: the
    // destination may have the names otherwise by now.
    struct Again {
        std::string path;
        Look look = Look::content;
        TimePoint retry_at;
        bool failed = true;  // false: nothing was wrong with it, it only has to go again
    };
    void settle(const Batch& batch, const std::vector<Again>& again, TimePoint now);

    // Nothing of it was acknowledged; all is due at once, without counting as an attempt. Only
    // where nothing was begun at the destination a move is still one.
    enum class Begun { no, perhaps };
    void give_back(const Batch& batch, TimePoint now, Begun begun);

    // Everything that waits is due now (resume, reload, a peer that is back).
    void make_all_due(TimePoint now);

    bool empty() const noexcept { return pending() == 0; }
    std::size_t pending() const noexcept { return by_path_.size() + in_flight_.size(); }
    bool has_due(TimePoint now) const;
    std::optional<TimePoint> next_due() const;  // of what waits for a later attempt
    std::optional<TimePoint> oldest_since() const;

    // Flush: everything added before mark() is acknowledged once reached(mark).
    std::uint64_t mark() const noexcept { return sequence_; }
    bool reached(std::uint64_t mark) const;
    // Those not acknowledged since the mark, for people: paths that failed before first.
    std::vector<std::string> outstanding(std::uint64_t mark, std::size_t count) const;
    // True when nothing but failures is outstanding since the mark: each was tried after `since`
    // and failed, whenever its next attempt may be.
    bool only_failures(std::uint64_t mark, TimePoint since) const;

    std::uint32_t attempts(const std::string& path) const;
    std::set<std::string> failing() const;  // those that failed and wait for a later attempt

    // Of each path: nothing about it is dirty or in flight, nor about a directory above it.
    std::vector<bool> clean(const std::vector<std::string>& paths) const;
    // Those at which nothing dirty or in flight looks as closely.
    using Looks = std::vector<std::pair<std::string, Look>>;
    Looks uncovered(const Looks& paths) const;

private:
    // What few paths have.
    struct Trouble {
        std::uint32_t attempts = 0;
        std::optional<TimePoint> failed_at{};
        std::optional<TimePoint> changed_since{};
        std::optional<TimePoint> retry_at{};  // while it waits
        bool operator==(const Trouble&) const = default;
    };
    using Retry = std::pair<TimePoint, std::uint64_t>;  // with the turn: of equal ones the first

    Trouble trouble_of(const DirtyItem& item) const;
    void set_trouble(const DirtyItem& item, const Trouble& trouble);
    DirtyPath value_of(const DirtyItem& item) const;
    void insert(const DirtyPath& dirty, std::optional<TimePoint> retry_at);
    void erase(DirtyItem& item);
    void leave_turn(DirtyItem& item);
    void make_due(DirtyItem& item);
    void look_closer(DirtyItem& item, Look look);
    void collapse(TimePoint now);
    void take_one(DirtyItem& item, Batch& batch);
    void take_moves(Batch& batch);
    void land(const DirtyPath& dirty);
    const DirtyItem* flying_at(std::string_view path) const;
    void drop_moves_from(const std::vector<Again>& again);
    void add_at_or_below(const std::string& path, const std::set<std::string_view>& but,
                         std::vector<std::string>& paths) const;

    std::size_t paths_max_;
    std::uint64_t sequence_ = 0;
    std::uint64_t turn_ = 0;
    DirtyItem::Paths by_path_;     // what is due and what waits
    DirtyItem::Flying in_flight_;  // the others
    DirtyItem::Turns due_;
    DirtyItem::Turns waiting_;
    DirtyItem::Sequences sequences_;  // of all, in flight included
    DirtyItem::Ages ages_;            // of all
    std::map<const DirtyItem*, Trouble> troubles_;
    std::map<Retry, DirtyItem*> by_retry_;
    MoveOrigins origins_;  // of what is not in flight
};

}  // namespace lockstep::plan
