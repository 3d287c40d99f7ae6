#include "agent/push_memory.h"

#include "base/log.h"

namespace lockstep::agent {

void PushMemory::lend(push::PushJob& job)
{
    job.index = index();
    // A backup is of all that was there.
    if (!job.options.keeps_backups()) {
        job.unasked = unasked(job.index);
        job.grown = grown_;
    }
    job.large = large_;
    job.destination = destination_;
    job.destination_known = compared_;
    links_.lend(job);
}

std::shared_ptr<state::IndexReader> PushMemory::index()
{
    if (!record_->works()) index_.reset();
    if (index_ || !record_->works()) return index_;
    try {
        index_ = std::make_shared<state::IndexReader>(record_->index_file(), false);
    } catch (const state::DatabaseError& error) {
        log::debug("push", error.what(), {{"destination", destination_}});
    }
    return index_;
}

// Without an index nobody knows what is there.
std::shared_ptr<push::Unasked> PushMemory::unasked(const std::shared_ptr<state::IndexReader>& index)
{
    if (!index) unasked_.reset();
    if (index && !unasked_) unasked_ = std::make_shared<push::Unasked>(index, destination_);
    return unasked_;
}

}  // namespace lockstep::agent
