// The command that makes a receiver, here or behind ssh (PROTOCOL.md 23).
#pragma once

#include "transport/endpoint.h"
#include "transport/push_list.h"

#include <string>
#include <vector>

namespace lockstep::transport {

// What to execute. Throws as program_args() and for_shell() do.
std::vector<std::string> receiver_command(const Endpoint& endpoint, const PushOptions& options);

// "ssh user@host port 2222", for messages.
std::string receiver_name(const Endpoint& endpoint);

// One line for the shell at the other end, which gives `words` back as they are. Backslashes rather
// than quotes: they mean the same to sh, csh and fish. Throws Error(refused_option, needs_person)
// for control characters, which they cannot quote.
std::string for_shell(const std::vector<std::string>& words);

}  // namespace lockstep::transport
