// A TCP connection as a Stream, and how one is made.
#pragma once

#include "transport/stream.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace lockstep::transport {

// Resolves `host` (a name, an IPv4 or an IPv6 address, with or without a zone id) and connects to
// its addresses in the resolver's order. A dead address costs at most a second while another one is
// left. TCP_NODELAY is on, TCP_QUICKACK is set again after every receive (PROTOCOL.md 24.1). Throws
// Error(unreachable, retry), or Error(timeout, retry) once `limit` is over.
asio::awaitable<std::unique_ptr<Stream>> connect_tcp(std::string host, std::uint16_t port,
                                                     std::chrono::milliseconds limit);

}  // namespace lockstep::transport
