// What is heard of files with several names, and waits while a push has the index of them.
#pragma once

#include "agent/push/pusher.h"

#include <memory>
#include <vector>

namespace lockstep::agent {

// The index is on the line of the push that it is lent to, and nobody else's until it is back.
class LinksHeard {
public:
    static constexpr std::size_t moves_max = 50'000;

    // From a walk of the source.
    void saw(const push::LinksSeen& seen);
    void moved(push::LinkMove move);

    void lend(push::PushJob& job);
    void give_back() noexcept { lent_ = false; }

private:
    std::shared_ptr<push::LinkIndex> index_ = std::make_shared<push::LinkIndex>();
    bool lent_ = false;
    push::LinksSeen seen_;
    std::vector<push::LinkMove> moved_;
};

}  // namespace lockstep::agent
