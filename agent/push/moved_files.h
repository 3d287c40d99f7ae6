// Which files of a batch a destination has already, under another name.
#pragma once

#include "agent/plan/move_steps.h"
#include "agent/push/observe.h"
#include "agent/state/index_reader.h"

#include <vector>

namespace lockstep::push {

// By the batch's moves, and by what the index says: the file that is here now is the one that was
// acknowledged under the old name (its inode, size and time, and of what is in a moved directory
// its ctime), and nothing about either name is open. Under the new one the destination must not
// have what looks the same to it. Files with several names are left out: their names change
// together.
//
// Empty where sending the content is cheaper than another session.
std::vector<plan::MovedFile> moved_files(const plan::Batch& batch, const Observation& observation,
                                         state::IndexReader& index);

}  // namespace lockstep::push
