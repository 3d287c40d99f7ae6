// A push over a real connection to a real daemon, run to its end.
#pragma once

#include "tests/support/real_daemon.h"
#include "tests/support/temp_tree.h"
#include "transport/push_session.h"

#include <chrono>
#include <optional>
#include <string>

namespace lockstep::wire_test {

struct Pushed {
    transport::PushOutcome outcome;
    transport::PeerFacts peer;
    std::optional<transport::Expected> expected;  // of the next session
};

// Connects, pushes, returns; throws what the session threw. Bounded by the endpoint's timeout.
Pushed push(const transport::Endpoint& endpoint, const transport::PushOptions& options,
            const transport::PushList& list, const std::string& source,
            const std::optional<transport::Expected>& expected = std::nullopt);

// The directory, made; and where a module "m" of a daemon on loopback is, for user "u" with "p".
std::string made(const std::string& path);
transport::Endpoint endpoint_of(const testing::RealDaemon& daemon,
                                std::chrono::milliseconds timeout);

// A source and a daemon that asks for a login, with an empty module.
struct PushEnds {
    testing::TempDir dir;
    testing::RealDaemon daemon{
        {{.name = "m", .path = made(dir / "dst"), .user = "u", .password = "p"}}};

    PushEnds() { testing::make_dirs(source()); }
    std::string source() const { return dir / "src"; }
    std::string destination() const { return dir / "dst"; }
    transport::Endpoint endpoint() const { return endpoint_of(daemon, std::chrono::seconds(30)); }
};

// Every entry at and below `source`, parents first, "." included.
transport::PushList list_of(const std::string& source);

}  // namespace lockstep::wire_test
