// What a command came to, as it is told to whoever asked.
#pragma once

#include <string>
#include <vector>

namespace lockstep::status {

struct CommandResult {
    bool ok = false;
    std::string message;              // a sentence for people, escaped
    std::vector<std::string> paths;   // escaped, the first 20
    std::vector<std::string> errors;  // reload: every diagnostic
    bool operator==(const CommandResult&) const = default;
};

}  // namespace lockstep::status
