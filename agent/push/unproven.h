// What a compare by size and time cannot tell.
#pragma once

#include "agent/push/observe.h"
#include "agent/state/index_reader.h"

#include <string_view>

namespace lockstep::push {

// A destination takes a file of equal size and time for the same. Where we have sent it one, we
// know better: a file of the observed subtrees that has the size and time of what was acknowledged,
// and is another state all the same, is noted as changed, so that its content goes; so is one about
// which something is open at `destination`. Without this, the acknowledgement of the compare would
// say that it has what was only not looked at. A file that the index does not know is left to the
// compare.
//
// `known`: the destination has had a whole compare; one that is new has everything open. The paths
// of the batch are open for its sake, and are looked at as it says.
void note_unproven(state::IndexReader& index, std::string_view destination, bool known,
                   const plan::Batch& batch, Observation& observation);

}  // namespace lockstep::push
