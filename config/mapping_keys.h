// The keys that a mapping and `defaults` share.
#pragma once

#include "config/config.h"
#include "config/fields.h"

namespace lockstep::config {

void read_mapping_keys(Fields& fields, Mapping& mapping);

}  // namespace lockstep::config
