// A batch as it is now, in pieces of bounded size.
#pragma once

#include "agent/push/observe.h"

#include <sys/types.h>

#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

namespace lockstep::push {

class Observer;

// The first piece has all paths of the batch, but for those from which something was moved into one
// of its subtrees, and as much of these as there is room for; the others have the rest. A subtree
// comes as the listings of its directories, each in full and with all above it, so that pieces can
// be pushed in any order and beside one another. A directory with hard-linked files is kept for the
// last piece, where all names of a file are together. Pieces with more than listings stand alone.
//
// Memory is that of a piece and of the directories still to be entered. Blocking file I/O; not
// thread-safe.
class Pieces {
public:
    struct Piece {
        plan::Batch batch;
        Observation observation;
        bool alone = false;  // with none before or after it under way
    };

    // A piece is closed once it has this many entries; a larger directory is a piece by itself.
    struct EntriesMax {
        std::size_t first;
        std::size_t others;
    };
    Pieces(const Beneath& source, const ObserveOptions& options, plan::Batch batch,
           EntriesMax entries_max);

    // None: that was all. `cancelled` is asked now and then; once it says true the result is not to
    // be used.
    std::optional<Piece> next(const std::function<bool()>& cancelled);
    // False: there is nothing to come.
    bool more() const noexcept
    {
        return batch_ || !directories_.empty() || !linked_.empty() || !left_.empty();
    }

private:
    struct Directory {
        std::string path;
        std::optional<timespec> changed_since;
    };

    void note_moves(plan::Batch& batch);
    bool is_left(const std::string& path) const;
    void see_batch(Observer& observer, Piece& piece, const std::function<bool()>& cancelled);
    void see(Observer& observer, Piece& piece, plan::DirtyPath dirty);
    void list(Observer& observer, Piece& piece, const Directory& directory);

    const Beneath& source_;
    const ObserveOptions& options_;
    EntriesMax entries_max_;
    std::optional<plan::Batch> batch_;    // until the first piece
    std::vector<Directory> directories_;  // the last comes first
    std::vector<Directory> linked_;
    std::vector<plan::DirtyPath> left_;  // what something was moved from: in the last piece
    std::vector<plan::Move> moves_;
    std::unordered_set<std::string> origins_;  // of these
    std::unordered_set<std::string> above_;    // directories above an origin
    std::vector<std::string> unsettled_;
    std::size_t entries_ = 0;  // of the piece under way
};

}  // namespace lockstep::push
