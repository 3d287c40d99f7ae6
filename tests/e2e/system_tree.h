// A real tree to try things on: a copy of a part of /usr/share.
#pragma once

#include <string>

namespace lockstep::testing {

// Copies a few thousand entries of /usr/share to `destination`, directory by directory, with
// attributes; the whole of $LOCKSTEP_E2E_TREE instead when that is set.
void copy_system_tree(const std::string& destination);

// With everything below, the directory itself not counted.
std::size_t count_entries(const std::string& directory);

}  // namespace lockstep::testing
