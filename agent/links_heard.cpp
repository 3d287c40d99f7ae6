#include "agent/links_heard.h"

#include <utility>

namespace lockstep::agent {

void LinksHeard::saw(const push::LinksSeen& seen)
{
    seen_.links.insert(seen_.links.end(), seen.links.begin(), seen.links.end());
    if (!seen.whole_source) return;
    if (!seen_.whole_source) seen_.begun = seen.begun;
    seen_.whole_source = true;
    seen_.ended = seen.ended;
}

void LinksHeard::moved(push::LinkMove move)
{
    if (moved_.size() == moves_max) {
        moved_.clear();
        moved_.emplace_back();
    }
    moved_.push_back(std::move(move));
    if (lent_) return;
    index_->saw(std::exchange(seen_, {}));
    index_->moved(std::exchange(moved_, {}));
}

void LinksHeard::lend(push::PushJob& job)
{
    lent_ = true;
    job.links = index_;
    job.links_seen = std::exchange(seen_, {});
    job.links_moved = std::exchange(moved_, {});
}

}  // namespace lockstep::agent
