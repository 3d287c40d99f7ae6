// What can only be wrong between parts of a file: mappings among each other, and with our own
// files.
#pragma once

#include "config/config.h"
#include "config/value.h"

namespace lockstep::config {

// `mappings` is the list that config.mappings was read from, item by item.
void check_across(const Config& config, const Value& mappings, Diagnostics& out);

}  // namespace lockstep::config
