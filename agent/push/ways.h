// Which files of a piece go a way of their own: by their tail alone, or over what is there.
#pragma once

#include "agent/push/job.h"

namespace lockstep::push {

// `job` must live as long as this.
class Ways {
public:
    explicit Ways(const PushJob& job) : job_(job) {}

    // Of the entries of files; reads the ends of those that may have grown. Of one that only grows
    // and has not grown the content is not sent: the close of a log comes after all of it, as often
    // as not.
    void choose(const Beneath& source, plan::Batch& batch, plan::Observed& observed);
    // All of it has arrived, but for what the report says. The files that only grow are there as
    // they were seen, whichever way they went.
    void arrived(const PushReport& report);

private:
    const PushJob& job_;
    GrownFiles::Seen seen_;
};

}  // namespace lockstep::push
