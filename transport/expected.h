// What a daemon said in the last session, and so most likely says in the next (PROTOCOL.md 24.2).
#pragma once

#include "base/error.h"
#include "transport/greeting.h"
#include "transport/setup.h"

#include <string>

namespace lockstep::transport {

// None of it depends on the options. The seed is missing: it is new each time, and nothing needs it
// before the first block sums.
struct Expected {
    Greeting greeting;
    int protocol = 0;  // agreed
    bool login = false;
    CompatFlags compat;
    std::string checksum;
    std::string best_compress;  // as far as it is known: what both have
    bool operator==(const Expected&) const = default;
};

// The daemon is not what it was, and what was said in advance was not meant for it. Its own forms
// keep it from taking that for anything else: with other flags our names or our frames are none.
class WrongGuess : public Error {
public:
    explicit WrongGuess(const std::string& what)
        : Error(ErrorKind::protocol, Remedy::retry, "the daemon has changed: " + what)
    {
    }
};

}  // namespace lockstep::transport
