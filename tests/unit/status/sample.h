// A snapshot to tell about: the contract's example, and one where everything is wrong.
#pragma once

#include "agent/status/snapshot.h"

#include <string_view>

namespace lockstep::status {

// "2026-11-25T10:05:12.120Z"
WallTime wall_time(std::string_view iso);

Snapshot contract_example();
Snapshot troubled_example();

}  // namespace lockstep::status
