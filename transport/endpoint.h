// Where a receiver is and how it is reached.
#pragma once

#include "transport/tls_files.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lockstep::transport {

class LinkSpeed;
class TokenBucket;

enum class Reach {
    tcp,    // a daemon
    tls,    // a daemon behind TLS
    ssh,    // a receiver of our own, started by ssh at its other end
    local,  // one on this machine
};

// A program of ours at the other end, rather than a daemon (PROTOCOL.md 23).
constexpr bool is_program(Reach reach)
{
    return reach == Reach::ssh || reach == Reach::local;
}

// Where and as whom.
struct Endpoint {
    Reach reach = Reach::tcp;
    std::string host;
    std::uint16_t port = 873;  // with ssh, 0: as its own configuration says
    std::string module;        // none of a program
    std::string path;  // below the module, without leading '/'; of a program an absolute one
    std::string user;  // with ssh, empty: as its own configuration says
    std::optional<std::string> password;  // never logged
    TlsFiles tls;                         // with TLS
    bool asks_for_messages = true;        // of a program: see program_args()
    std::vector<std::string> ssh{"ssh"};  // how it is called, before any argument of ours
    // How fast we may write, together with whoever else has it; null: as fast as it goes.
    std::shared_ptr<TokenBucket> limit;
    // What sessions learn of the line, and `auto` goes by; null: nothing is learnt.
    std::shared_ptr<LinkSpeed> speed;
    int protocol_max = 32;  // what we announce; lower to speak an older form
    std::chrono::milliseconds timeout{
        60'000};  // without a byte from the peer, and for each step of the login
};

}  // namespace lockstep::transport
