// What is not as the index says: the one answer to everything that was not seen happening.
#pragma once

#include "agent/state/fingerprint.h"
#include "base/beneath.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::state {

enum class DifferenceKind {
    attributes,  // of a directory
    content,     // something else, other than it was
    gone,        // in the index, not in the source
    subtree,     // a directory that the index does not have, with all below it
    unreadable,  // a directory that cannot be listed: what it holds is unknown
};

struct Difference {
    std::string path;
    DifferenceKind kind = DifferenceKind::content;
    bool operator==(const Difference&) const = default;
};

struct Reconciliation {
    bool one_file_system = true;
    unsigned threads = 1;
    // Of a path whose ancestors are not excluded. Empty: nothing is.
    std::function<bool(std::string_view path, bool directory)> excluded;
    std::function<bool()> cancelled;
    // Called by several threads, one at a time.
    std::function<void(std::vector<Difference>)> found;
    // A file with several names, which an index of paths does not tell.
    std::function<void(std::string_view path, const struct stat&)> linked;
};

// Walks `subtree` and compares it with the index of `index_file`; blocking, in as many threads as
// asked for, in memory that does not grow with the tree. A fingerprint that is racy or not there is
// a difference. What changes meanwhile is the watcher's to tell. Throws DatabaseError.
void reconcile(const Beneath& source, const std::string& index_file, const std::string& subtree,
               const Reconciliation& how);

}  // namespace lockstep::state
