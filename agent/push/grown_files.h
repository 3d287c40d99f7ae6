// Which files have only grown since the destination had them, so that it lacks their tail alone.
#pragma once

#include "base/held_directory.h"
#include "transport/push_list.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace lockstep::push {

// Of each append-only file that one destination has: which inode it was, how long, and a hash of
// the last end_bytes. A file that has the inode, is longer, and has the same bytes before that
// length has grown. One that was truncated meanwhile and has grown past its old length
// (copytruncate) has others there. The receiver's length is compared once more when it asks
// (PROTOCOL.md 16.8).
//
// Nothing of it outlives the process: the first change after a start is sent as a delta. Memory:
// files_max files; beyond, all is forgotten.
class GrownFiles {
public:
    static constexpr std::size_t end_bytes = 4096;
    static constexpr std::size_t files_max = 100'000;

    // The files of a push under way, as they are when it has arrived.
    struct State {
        std::uint64_t device = 0;
        std::uint64_t inode = 0;
        std::uint64_t size = 0;
        std::size_t end_hash = 0;
    };
    using Seen = std::unordered_map<std::string, State>;

    // What the destination lacks of a file.
    enum class Lacks { content, tail, nothing };
    // Has the entry sent as it is listed, and by its tail where it has grown. Reads at most
    // 2 * end_bytes.
    Lacks look_at(HeldDirectory& source, transport::Entry& entry, Seen& seen) const;

    // All of them are open, until arrived().
    void begun(const Seen& seen);
    void arrived(Seen seen);

private:
    std::unordered_map<std::string, State> files_;
};

}  // namespace lockstep::push
