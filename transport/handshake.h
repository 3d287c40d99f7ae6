// From a connected stream to the seed: greeting, login, arguments, negotiation (PROTOCOL.md 2, 3,
// 4, 7).
#pragma once

#include "transport/push_session.h"
#include "transport/setup.h"
#include "transport/wire.h"

namespace lockstep::transport {

// Everything the rest of the conversation needs to know.
struct Agreed {
    int protocol = 0;
    CompatFlags compat;
    std::string checksum;
    std::string compress;
    std::int32_t seed = 0;
    Bytes rest;  // framed bytes that came with the seed
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
};

// Throws Error with the contract's kind for every refusal of the daemon before the framed part;
// refusals that come framed (read only, refused option) are seen by who reads on. Every step is
// under endpoint.timeout.
asio::awaitable<Agreed> shake_hands(Stream& stream, const Endpoint& endpoint,
                                    const PushOptions& options);

}  // namespace lockstep::transport
