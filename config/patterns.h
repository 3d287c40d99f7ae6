// Mistakes that people make in include and exclude patterns.
#pragma once

#include "config/diagnostic.h"
#include "config/value.h"

#include <string_view>

namespace lockstep::config {

// `list` is a mapping's `include` or `exclude` as written, `source` its directory, empty when
// unknown.
void check_patterns(const Value& list, std::string_view source, Diagnostics& out);

}  // namespace lockstep::config
