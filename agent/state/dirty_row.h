// A path whose state at one destination is not the index's.
#pragma once

#include <string>

namespace lockstep::state {

// `look` is the owner's, larger is closer; attributes_look leaves content to the receiver's
// judgement, content_look does not, subtree_look covers all below.
constexpr int attributes_look = 0;
constexpr int content_look = 2;
constexpr int subtree_look = 4;

struct DirtyRow {
    std::string path;
    int look = 0;
    bool in_flight = false;  // a push of it was begun: it may have arrived, whole or not
    bool operator==(const DirtyRow&) const = default;
};

}  // namespace lockstep::state
