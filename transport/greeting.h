// The first line each side says: who it is, up to which protocol, and how it can log in
// (PROTOCOL.md 3.1).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lockstep::transport {

constexpr int protocol_min = 27;
constexpr int protocol_max = 32;

struct Greeting {
    int protocol = 0;
    int sub = 0;                       // not 0: a pre-release of `protocol`
    std::vector<std::string> digests;  // for the login, best first; daemons before 3.2.7 name none
    bool operator==(const Greeting&) const = default;
};

// With its LF.
std::string render(const Greeting& greeting);

// `line` without its LF (a CR before it is dropped). Throws Error(protocol, needs_person) for
// whatever is no rsync daemon's greeting: another service, a missing sub version from 30 on, a NUL,
// more than 1024 bytes.
Greeting parse_greeting(std::string_view line);

// What we say: every digest that login.h can compute, in the canonical order.
Greeting our_greeting(int highest_protocol = protocol_max);

// The smaller one; one less when theirs is a pre-release of it. Throws Error(protocol,
// needs_person) below 27.
int agree_protocol(const Greeting& ours, const Greeting& theirs);

}  // namespace lockstep::transport
