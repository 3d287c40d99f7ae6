// The receiver's filter rules as bytes (PROTOCOL.md 10).
#pragma once

#include "transport/wire.h"

#include <string>
#include <string_view>
#include <vector>

namespace lockstep::transport {

// Only when wants_filter_rules() of args.h says so; the empty list is written too. Empty rules are
// skipped: their length is the end mark.
void put_filter_rules(Bytes& out, const std::vector<std::string>& rules, int protocol);

// What matches these bytes and no others: as part of a pattern that has a wildcard, and as all of a
// pattern. A receiver takes backslashes off only where a pattern has one of * ? [, escaped or not.
std::string escaped_in_pattern(std::string_view bytes);
std::string literal_pattern(std::string_view path);

}  // namespace lockstep::transport
