// Files that somebody still has open for writing, and that wait for their close.
#pragma once

#include "agent/plan/plan.h"
#include "agent/state/index_reader.h"
#include "base/held_directory.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace lockstep::push {

// What the mapping says about them, and how long a flush is patient: not at all.
struct OpenFiles {
    bool new_waits = false;  // one that no destination has had yet
    bool existing_waits = false;
    std::chrono::milliseconds max_wait{0};  // from its first event
    std::uint64_t hurry_up_to = 0;          // paths of a sequence up to this are sent as they are
};

// True while somebody has the file open for writing. Asked of the kernel by a lease that is given
// back at once, which needs the file's owner or CAP_LEASE and a file system that has them: false
// where nobody can tell. The process must ignore SIGIO, which a writer that comes in between
// causes.
bool is_open_for_writing(const Fd& file);

// Takes out of the batch those that wait and are written to, as far as was heard; their close or
// their max_wait brings them back. The others that wait, many perhaps and few of them open, are
// marked: whoever opens them to send them will see. `index` says which are new; without it none is.
std::vector<std::string> hold_open_files(const Beneath& source, const OpenFiles& rule,
                                         state::IndexReader* index, plan::Observed& observed,
                                         plan::Batch& batch, plan::TimePoint now);

}  // namespace lockstep::push
