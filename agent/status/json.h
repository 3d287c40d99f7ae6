// The status as JSON, in the contract's words.
#pragma once

#include "agent/status/command_result.h"
#include "agent/status/snapshot.h"

#include <optional>
#include <string>
#include <string_view>

namespace lockstep::status {

// Valid JSON whatever the strings hold, one line, without a newline at its end; keys in the
// contract's order. Beyond the contract a mapping has `detail`, `watches`, `polled_directories`,
// `queue_overflows`, `unreadable`, and a destination `retry_at`.
std::string to_json(const Snapshot& snapshot);

// GET /v1/mappings/NAME.
std::string to_json(const Mapping& mapping);

// {"ok":…,"message":…,"paths":[…],"errors":[…]}
std::string to_json(const CommandResult& result);

// A refusal has the shape of a command that failed, so that a script has one to read.
std::string error_json(std::string_view message);

// "2026-11-25T10:05:12.120Z"
std::string timestamp(WallTime time);

}  // namespace lockstep::status
