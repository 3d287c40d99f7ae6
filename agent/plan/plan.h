// A batch of dirty paths and what they are now, to the file lists that make the destination equal.
// Pure.
#pragma once

#include "agent/plan/dirty_set.h"
#include "transport/push_list.h"

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace lockstep::plan {

// All at and below `path` (for Look::listing, only what is directly in it), as a walk found it: the
// directory itself first and every directory before what is in it. A directory that was listed in
// full is DirKind::content; one that was not (unreadable, a mount point, below a listing) is plain:
// what is missing below it proves nothing.
struct ObservedSubtree {
    std::string path;
    std::vector<transport::Entry> entries;
    // Positions of the regular files that changed since DirtyPath::changed_since.
    std::vector<std::size_t> changed{};
};

// What lstat said: of every path of the batch and of all their ancestors up to "". None: not there.
struct Observed {
    std::unordered_map<std::string, std::optional<transport::Entry>> at;
    std::vector<ObservedSubtree> subtrees;
};

struct PlanOptions {
    bool delete_live = true;     // a path that is gone is deleted there
    bool delete_compare = true;  // a compare removes what the source has not
    bool accept_empty = false;   // else a compare of a source without any entry removes nothing
    std::optional<std::uint64_t>
        deletes_max;  // more deletions than this in one plan are withheld, all of them
};

// One session: the list, and what it needs beyond the mapping's own options.
struct Step {
    transport::PushList list;
    bool ignore_times =
        false;  // content that must be looked at whatever size and time say (promise 7)
    bool delete_missing = false;
    bool delete_extras = false;
    transport::Way way = transport::Way::usual;  // of all its regular files
    bool links = false;  // its groups are made links of one another, whatever the mapping preserves
    bool operator==(const Step&) const = default;
};

struct Plan {
    std::vector<Step> steps;            // in order; each may rely on the one before
    std::vector<std::string> withheld;  // deletions that were too many
    std::size_t deletions = 0;
};

// Files go the way that their entries say, in steps of their own: before a compare that has them
// too, which then finds them equal. Those of several names go the usual way, together.
//
// Applied in order to a destination that differs from the source in the batch's paths only, the
// steps make it equal. No name stands twice in a list, every parent of an entry is in it, deletions
// are collapsed to the topmost deleted path, and a directory's own attributes travel with whatever
// changes inside it.
//
// The source itself must be there ("" observed as a directory): an absent source deletes nothing,
// it is an error of the caller.
Plan make_plan(const Batch& batch, Observed observed, const PlanOptions& options);

// The path that decides about `path`: itself, or its first ancestor that is not a directory (a file
// that took a directory's place, or nothing at all).
std::string deciding_path(const std::string& path, const Observed& observed);

}  // namespace lockstep::plan
