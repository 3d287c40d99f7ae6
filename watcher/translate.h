// What an event means, given the tree: changes to report and directories to look at. Pure.
#pragma once

#include "watcher/change.h"
#include "watcher/inotify.h"
#include "watcher/move_pairs.h"
#include "watcher/watch_tree.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lockstep::watcher {

using Excluded = std::function<bool(std::string_view path, bool directory)>;

// A name in a directory of the tree. Good until the tree changes.
struct Place {
    NodeId parent = no_node;
    std::string name;
    bool operator==(const Place&) const = default;
};

// The same for later: a watch descriptor names one directory for ever, a node does not.
struct Suspect {
    int parent_wd = -1;
    std::string name{};
    bool told_wrong = false;  // compare it even if it is the directory we know
    bool operator==(const Suspect&) const = default;
};

// What an event asks for, in this order: tell `changes`, end the watches `unwatch`, then look at
// `visits`.
struct Translation {
    std::vector<Change> changes;
    std::vector<int> unwatch;
    std::vector<Place> visits;
    // A directory that was renamed within the source while rules about paths hold: what stands
    // below it may have become excluded or visible.
    std::vector<std::pair<NodeId, std::string>> renamed;  // and its old path
    // The tree and the events disagree here, because a walk had seen the future or two names were
    // exchanged. To be looked at when no event waits any more.
    std::vector<Suspect> suspects;
    bool overflow = false;
    bool root_lost = false;   // the root's inode is gone
    bool root_moved = false;  // the root was renamed: does its path still lead to it?
    bool poll = false;        // something moved where no watch sees from and to

    void clear();
};

struct EventCounts {
    std::uint64_t created = 0;
    std::uint64_t modified = 0;
    std::uint64_t moved = 0;
    std::uint64_t deleted = 0;
    std::uint64_t attrib = 0;
};

// Events in the kernel's order in, Translations out; the tree is kept up with renames and removals
// here, with new directories by whoever carries out the visits, before the next event is handed in.
//
// Two facts of the kernel make the order right: the names of one directory change under its lock,
// so that between the halves of a move no other event about names of these two directories can
// stand; and a name is told to be deleted before the directory that had it tells its own end.
class Translator {
public:
    // `excluded` may be empty.
    Translator(WatchTree& tree, const Excluded& excluded, std::chrono::milliseconds move_wait)
        : tree_(tree), excluded_(excluded), pairs_(move_wait)
    {
    }

    void translate(const Event& event, Time now, Translation& out);

    // Halves of moves that have waited long enough have left the source.
    void expire(Time now, Translation& out);
    // So have all of them: after an overflow the other half may never come.
    void give_up_waiting(Translation& out);
    void forget() { pairs_.clear(); }

    const MovePairs& pairs() const noexcept { return pairs_; }
    const EventCounts& counts() const noexcept { return counts_; }

private:
    void about_itself(const Event& event, NodeId node, Translation& out);
    void ended(NodeId node, Translation& out);
    void created(const Event& event, NodeId parent, std::string path, Translation& out);
    void changed_attributes(const Event& event, NodeId parent, std::string path, Translation& out);
    void removed(const Event& event, NodeId parent, std::string path, Translation& out);
    void arrived(const Event& event, NodeId parent, std::string path, bool hidden,
                 Translation& out);
    void moved(const MovedFrom& half, std::string from, const Event& event, NodeId parent,
               std::string path, Translation& out);
    void gone(const MovedFrom& half, Translation& out);
    void look_for_exchange(const MovedFrom& half, const Event& event, Translation& out);
    bool hides(std::string_view path, bool directory) const
    {
        return excluded_ && excluded_(path, directory);
    }

    WatchTree& tree_;
    const Excluded& excluded_;
    MovePairs pairs_;
    EventCounts counts_;

    struct Move {
        Suspect from;
        Suspect to;
        bool directory = false;
    };
    std::array<Move, 8> last_moves_;  // a ring
    std::size_t next_move_ = 0;
};

}  // namespace lockstep::watcher
