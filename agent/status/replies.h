// An action's answer from a snapshot or a command's result. Pure.
#pragma once

#include "agent/status/command_result.h"
#include "agent/status/router.h"
#include "agent/status/snapshot.h"

#include <optional>
#include <string>
#include <string_view>

namespace lockstep::status {

struct Reply {
    unsigned status = 200;
    std::string content_type;
    std::string body;
    std::string allow;  // the Allow header, when there is one
    bool operator==(const Reply&) const = default;
};

// The answer of what only reads (or is refused); none for StreamEvents and for commands.
std::optional<Reply> reply_to(const Action& action, const Snapshot& snapshot);

// 404 when a command names a mapping that does not exist.
std::optional<Reply> unknown_mapping(const Action& action, const Snapshot& snapshot);

// 200 when it went well, else 409.
Reply reply_of(const CommandResult& result);

// {"ok":false,"message":…}
Reply refusal(unsigned status, std::string_view message);

}  // namespace lockstep::status
