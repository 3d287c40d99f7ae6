// A push of which one byte arrives as another.
#pragma once

#include "transport/push_session.h"

#include <string>

namespace lockstep::wire_test {

// As push() does; the first byte of the first `marker` that is written becomes '?'.
transport::PushOutcome push_spoilt(const transport::Endpoint& endpoint,
                                   const transport::PushOptions& options, const std::string& marker,
                                   const transport::PushList& list, const std::string& source);

}  // namespace lockstep::wire_test
