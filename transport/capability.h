// What this daemon's version can do, told from the little it says before the arguments must be
// sent.
#pragma once

#include "transport/greeting.h"

#include <string_view>

namespace lockstep::transport {

// Only the greeting is known by then: protocol 30 is 3.0.x, 31 without digests 3.1.0 .. 3.2.6, with
// digests 3.2.7 and later (PROTOCOL.md 25). Where a range is mixed the choice is the one that is
// right on all of it.
struct Capability {
    int daemon_protocol = 0;            // what the daemon announced; the agreed one may be lower
    bool deletes_missing = false;       // --delete-missing-args: 3.1.0 (PROTOCOL.md 19.1)
    bool compares_nanoseconds = false;  // --modify-window=-1: see capability.cpp
    bool chooses_compressor = false;    // --compress-choice=NAME: 3.2.0
    bool zlibx = false;                 // --new-compress, --old-compress: 3.1.1
    bool operator==(const Capability&) const = default;
};

Capability capability_from(const Greeting& theirs, int protocol);

// A program gets its arguments before it says a word: what every release since 3.1.1 takes, and
// the choice of a compressor, which takes 3.2.0, where it cannot be told in the older way.
Capability program_capability(std::string_view compressor);

}  // namespace lockstep::transport
