// A batch under way as one value: what a row for each of its paths would say.
#pragma once

#include "agent/state/dirty_row.h"

#include <string>
#include <string_view>
#include <vector>

namespace lockstep::state {

// For each path its look (1 byte), its length (4 bytes, the least significant first), its bytes.
std::string packed_flight(const std::vector<DirtyRow>& rows);
// All in flight. What cannot be read is the whole source.
std::vector<DirtyRow> unpacked_flight(std::string_view bytes);

}  // namespace lockstep::state
