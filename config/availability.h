// What the configuration can say and this version cannot do yet: refused by name, never ignored.
#pragma once

#include "config/config.h"
#include "config/fields.h"

namespace lockstep::config {

// Reports each such key where it stands.
void refuse_unavailable(const Mapping& mapping, const Fields& fields);

}  // namespace lockstep::config
