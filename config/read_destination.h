// One item of `destinations`: a URL alone, or a map.
#pragma once

#include "config/config.h"
#include "config/fields.h"

namespace lockstep::config {

// Keys of the map form, for hints.
bool is_destination_key(std::string_view name);

// None when there is no URL to go by; then an error says so.
std::optional<Destination> read_destination(const Value& value, Diagnostics& out);

}  // namespace lockstep::config
