// A push of which not all arrives as it was written.
#pragma once

#include "transport/push_session.h"

#include <string>

namespace lockstep::wire_test {

// As push() does; the first byte of the first `marker` that is written becomes '?'.
transport::PushOutcome push_spoilt(const transport::Endpoint& endpoint,
                                   const transport::PushOptions& options, const std::string& marker,
                                   const transport::PushList& list, const std::string& source);

// No sign of life can be written, as if the daemon had gone; how many could not is counted.
transport::PushOutcome push_unheard(const transport::Endpoint& endpoint,
                                    const transport::PushOptions& options,
                                    const transport::PushList& list, const std::string& source,
                                    std::size_t& unheard);

}  // namespace lockstep::wire_test
