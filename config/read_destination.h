// One item of `destinations`: a URL alone, or a map.
#pragma once

#include "config/config.h"
#include "config/fields.h"

#include <array>

namespace lockstep::config {

// Keys of the map form.
inline constexpr std::array<std::string_view, 10> destination_keys{
    "url",         "password_file", "ca_file", "cert_file", "key_file", "bandwidth_limit",
    "connections", "warm_sessions", "timeout", "retry"};

// None when there is no URL to go by; then an error says so.
std::optional<Destination> read_destination(const Value& value, Diagnostics& out);

}  // namespace lockstep::config
