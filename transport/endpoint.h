// Where a receiver is and how it is reached.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace lockstep::transport {

class TokenBucket;

enum class Reach {
    tcp,  // a daemon
    tls,  // a daemon behind TLS
};

// Where and as whom.
struct Endpoint {
    Reach reach = Reach::tcp;
    std::string host;
    std::uint16_t port = 873;
    std::string module;
    std::string path;  // below the module, without leading '/'
    std::string user;
    std::optional<std::string> password;  // never logged
    // With TLS: the file with the certificates that are trusted; none: those of the system.
    std::optional<std::string> ca_file;
    // How fast we may write, together with whoever else has it; null: as fast as it goes.
    std::shared_ptr<TokenBucket> limit;
    int protocol_max = 32;  // what we announce; lower to speak an older form
    std::chrono::milliseconds timeout{
        60'000};  // without a byte from the peer, and for each step of the login
};

}  // namespace lockstep::transport
