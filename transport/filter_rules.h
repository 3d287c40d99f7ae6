// The receiver's filter rules as bytes (PROTOCOL.md 10).
#pragma once

#include "transport/wire.h"

#include <string>
#include <vector>

namespace lockstep::transport {

// Only when wants_filter_rules() of args.h says so; the empty list is written too. Empty rules are
// skipped: their length is the end mark.
void put_filter_rules(Bytes& out, const std::vector<std::string>& rules, int protocol);

}  // namespace lockstep::transport
