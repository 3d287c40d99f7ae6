// The other names of changed files join the batch.
#pragma once

#include "agent/push/link_index.h"
#include "agent/push/observe.h"

namespace lockstep::push {

// An event names one name of a file; its other names changed with it, also when that name is gone
// or another file by now: they are observed and put into `batch`. A compare that comes by a name
// takes its others along, so that they are links of one file there, too. `links` learns from the
// observation; whoever pushes the batch tells it when that has arrived.
//
// True when a file has names that nobody knows: the whole source has to be compared.
struct FollowLinks {
    bool whole_source = false;  // a piece of its compare: the other names come by themselves
    bool first_piece = true;    // of a push: it takes along what an earlier one still owes
};
bool follow_links(const Beneath& source, const ObserveOptions& options, LinkIndex& links,
                  plan::Batch& batch, Observation& observation, const FollowLinks& how);

}  // namespace lockstep::push
