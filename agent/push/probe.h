// Whether a destination lets us in and would take files.
#pragma once

#include "transport/push_session.h"

#include <boost/asio/awaitable.hpp>

namespace lockstep::push {

// Logs in and pushes an empty list. Throws like push_batch.
boost::asio::awaitable<transport::PeerFacts> probe(transport::Endpoint endpoint,
                                                   transport::PushOptions options);

}  // namespace lockstep::push
