#include "agent/reconciler.h"

namespace lockstep::agent {

void Reconciler::stop()
{
    *cancelled_ = true;
    waiting_.clear();
}

void Reconciler::want(const std::string& subtree, push::SourceIdentity identity)
{
    identity_ = identity;
    ++wanted_;
    if (!waiting_.contains("")) {
        if (subtree.empty()) waiting_.clear();
        waiting_.insert(subtree);
    }
    if (!running_) next();
}

void Reconciler::next()
{
    if (waiting_.empty() || *cancelled_) return;
    running_ = *waiting_.begin();
    waiting_.erase(waiting_.begin());
    // The last of those that wait covers what was wanted until it begins.
    const std::uint64_t covers = waiting_.empty() ? wanted_ : done_;
    Record::Reconcile work;
    work.source = host_.source;
    work.follow = host_.follow;
    work.identity = identity_;
    work.subtree = *running_;
    work.one_file_system = host_.one_file_system;
    work.excluded = host_.excluded;
    work.cancelled = [flag = cancelled_] { return flag->load(); };
    const std::weak_ptr<Reconciler> weak = weak_from_this();
    work.sink = [weak](Record::Differences differences) {
        const std::shared_ptr<Reconciler> self = weak.lock();
        if (self && !*self->cancelled_) self->host_.found(std::move(differences));
    };
    work.ended = [weak, covers](bool complete) {
        const std::shared_ptr<Reconciler> self = weak.lock();
        if (!self || *self->cancelled_) return;
        if (!complete) self->host_.impossible(*self->running_);
        self->running_.reset();
        self->done_ = covers;
        self->next();
        self->host_.changed();
    };
    host_.record->reconcile(std::move(work));
}

}  // namespace lockstep::agent
