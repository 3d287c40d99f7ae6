// From a connected stream to the seed: greeting, login, arguments, negotiation (PROTOCOL.md 2, 3,
// 4, 7).
#pragma once

#include "transport/capability.h"
#include "transport/expected.h"
#include "transport/push_session.h"
#include "transport/setup.h"
#include "transport/wire.h"

#include <functional>
#include <optional>

namespace lockstep::transport {

// Everything the rest of the conversation needs to know.
struct Agreed {
    Greeting greeting;  // theirs
    int protocol = 0;
    Capability capability;  // by which the arguments were made
    bool login = false;
    CompatFlags compat;
    std::string checksum;
    std::string compress;
    std::string best_compress;  // what both have; empty: it was never negotiated
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

Expected expected_next(const Agreed& agreed);

// The same with everything of ours said as soon as the challenge, if one is expected, has come.
// `all_said` is called then with what is agreed if the guess is right, but for the seed; the file
// list may follow at once. Throws WrongGuess when it was not. Where the greeting tells in time that
// the daemon has changed, all goes step by step and `all_said` is never called. `expected` must be
// of protocol 30 or later: before, the seed is part of the data. `heard`: something of
// the daemon's has come since, and it may say the rest only when it has got a word from us
// (PROTOCOL.md 24.1).
using AllSaid = std::function<void(Agreed)>;
using Heard = std::function<void()>;
asio::awaitable<Agreed> shake_hands_ahead(Stream& stream, const Endpoint& endpoint,
                                          const PushOptions& options, const Expected& expected,
                                          AllSaid all_said, Heard heard);

}  // namespace lockstep::transport
