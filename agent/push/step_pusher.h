// The steps of one push, each over as many sessions as it takes.
#pragma once

#include "agent/push/deletions_left.h"
#include "agent/push/job.h"
#include "agent/push/step_options.h"

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <set>
#include <string>

namespace lockstep::push {

// Where something was taken for granted, of the session or of what it would take, the same list
// goes once more over one that is opened step by step. What the daemon refuses and the step can do
// without is left out. A slot of the daemon that is ours is waited for.
//
// `job` and `source` must live as long as this; on the strand of the job's sessions.
class StepPusher {
public:
    StepPusher(const PushJob& job, const Beneath& source);

    // Several may be under way, each with a step and a report of its own. Throws Error, or
    // BrokenPush when files were under way. `deletions_max`: of a compare.
    boost::asio::awaitable<transport::PushOutcome> push(plan::Step& step, PushReport& report,
                                                        DeletionsLeft::Max deletions_max = {});

    // How many steps may go beside one another.
    std::size_t connections() const noexcept { return connections_; }
    void go_alone() noexcept { connections_ = 1; }

    bool had_session() const noexcept { return had_session_; }  // one has done its work
    LostSessions& lost() noexcept { return lost_; }

private:
    // A step on its way: what its sessions are opened with, and what they were sent unasked.
    struct Attempt {
        plan::Step& step;
        PushReport& report;
        StepOptions with;
        std::set<std::string> unasked;
    };

    Attempt prepare(plan::Step& step, PushReport& report, DeletionsLeft::Max deletions_max);
    boost::asio::awaitable<transport::PushOutcome> try_step(Attempt& attempt);
    boost::asio::awaitable<transport::PushOutcome> push_over(SessionPool::Taken taken,
                                                             Attempt& attempt);
    void ask_for_failures(const Attempt& attempt, transport::PushOutcome& outcome);
    void note_lost(const BrokenPush& error, const Attempt& attempt);
    bool leave_out_refused(const Error& error, Attempt& attempt);

    const PushJob& job_;
    const Beneath& source_;
    Refusals& refusals_;
    std::size_t connections_;
    std::size_t under_way_ = 0;  // sessions, each of which may hold a slot of the daemon
    bool had_session_ = false;
    LostSessions lost_;
};

}  // namespace lockstep::push
