// From an endpoint to a stream over which the conversation can begin.
#pragma once

#include "transport/endpoint.h"
#include "transport/stream.h"

#include <memory>

namespace lockstep::transport {

// Throws as connect_tcp() and secure() do. Runs on the executor it is awaited on.
asio::awaitable<std::unique_ptr<Stream>> open_line(const Endpoint& endpoint);

}  // namespace lockstep::transport
