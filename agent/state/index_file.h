// The file that an index lies in: its tables, and how it is told from other files.
#pragma once

#include "agent/state/sqlite.h"

#include <string>

namespace lockstep::state {

// Makes it where there is none. Throws DatabaseError, damaged, when it is of another version or no
// index at all.
Database open_index_file(const std::string& file);

}  // namespace lockstep::state
