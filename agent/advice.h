// What a person can do: about an error of each kind, about a source of another kind.
#pragma once

#include "base/error.h"
#include "config/config.h"

#include <string>

namespace lockstep::agent {

// Of a destination of that scheme.
std::string advice_for(ErrorKind kind, config::Scheme scheme);

// Where the kernel does not see all that changes in the source; else empty.
std::string source_advice(const config::Mapping& mapping);

}  // namespace lockstep::agent
