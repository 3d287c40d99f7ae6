// The table of `lockstep status`. Pure.
#pragma once

#include "agent/cli/status_view.h"

#include <string>

namespace lockstep::cli {

// One block for each mapping, one line for each destination, what is wrong beneath it. Columns are
// as wide as their widest value; `colour` paints states only.
std::string table(const StatusView& status, bool colour);

// "0 ms", "1.5 s", "12 min", "3.0 h"
std::string lag_text(std::uint64_t ms);
// "812 B", "79.3 KiB"
std::string bytes_text(std::uint64_t bytes);

// True when some mapping or destination is not where it should be: exit 3.
bool is_degraded(const StatusView& status);

}  // namespace lockstep::cli
