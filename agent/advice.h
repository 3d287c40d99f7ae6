// What a person can do about an error of each kind.
#pragma once

#include "base/error.h"

#include <string>

namespace lockstep::agent {

std::string advice_for(ErrorKind kind);

}  // namespace lockstep::agent
