// One item of `mappings`, over what `defaults` says.
#pragma once

#include "config/config.h"
#include "config/fields.h"

namespace lockstep::config {

// A mapping's own key replaces the default's value; maps such as `batch` merge key by key.
// `defaults` may be null. Checks that need other mappings are not done here.
Mapping read_mapping(const Value& own, const Value* defaults, Diagnostics& out);

// What is wrong in `defaults` itself, were there no mapping at all.
void check_defaults(const Value& defaults, Diagnostics& out);

}  // namespace lockstep::config
