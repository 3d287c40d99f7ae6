// Deletion marks for daemons that do not know them, said as rules of --delete (PROTOCOL.md 19.4).
#pragma once

#include "transport/push_list.h"

#include <string>
#include <vector>

namespace lockstep::transport {

// A list without marks, whose directories are content where there were some, and the rules that
// keep everything in them but what was marked. They come before all others.
struct Unmarked {
    PushList list;
    std::vector<std::string> rules;
    bool operator==(const Unmarked&) const = default;
};

Unmarked without_marks(const PushList& list, int protocol);

}  // namespace lockstep::transport
