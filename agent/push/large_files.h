// What sessions are asked for where a large file is on the way, and what a lost one leaves for the
// next.
#pragma once

#include "agent/plan/plan.h"
#include "agent/push/block_sizes.h"
#include "agent/state/index_reader.h"
#include "transport/push_list.h"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace lockstep::push {

// Blocks of the size that is best for it (BlockSizes). What a lost session has brought of a new
// file is kept in a directory beside it, is the basis of the next try, and goes once the file is
// whole (PROTOCOL.md 17.5). Not of one that the destination has already: the next try would have
// the part as its basis, and the better one no more.
//
// One object for each destination. Nothing of it outlives the process; what was kept then is
// removed as anything else that is not in the source.
class LargeFiles {
public:
    static constexpr const char* kept_in = ".~lockstep.partial";
    static constexpr std::uint64_t kept_bytes_min = 64 * 1024 * 1024;
    // More of them in one list are better off with a size for each.
    static constexpr std::size_t files_max = 16;

    // Of the usual way only. `known`: the files of the destination; null: who knows. True when
    // something was asked for.
    bool choose(const plan::Step& step, state::IndexReader* known,
                transport::PushOptions& options) const;

    void lost(const transport::PushList& list);
    // `block_bytes`: as choose() said.
    void arrived(const transport::PushList& list, const transport::PushOutcome& outcome,
                 std::uint32_t block_bytes);

private:
    BlockSizes blocks_;
    std::set<std::string> kept_;  // files of which something is kept, perhaps
};

}  // namespace lockstep::push
