// From an endpoint to a stream over which the conversation can begin.
#pragma once

#include "transport/endpoint.h"
#include "transport/push_list.h"
#include "transport/stream.h"

#include <memory>

namespace lockstep::transport {

// A program is started with the `options`. Throws as connect_tcp(), secure() and run_program() do.
// Runs on the executor it is awaited on.
asio::awaitable<std::unique_ptr<Stream>> open_line(const Endpoint& endpoint,
                                                   const PushOptions& options);

}  // namespace lockstep::transport
