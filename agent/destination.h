// One destination's life: take a batch, push it, acknowledge, wait. On the control thread.
#pragma once

#include "agent/aftermath.h"
#include "agent/delete_budget.h"
#include "agent/elsewhere.h"
#include "agent/event.h"
#include "agent/hooks.h"
#include "agent/news.h"
#include "agent/plan/dirty_set.h"
#include "agent/plan/pace.h"
#include "agent/push/pusher.h"
#include "agent/push_memory.h"
#include "agent/record.h"
#include "agent/settlement.h"
#include "agent/status/snapshot.h"
#include "agent/totals.h"
#include "agent/troubles.h"
#include "config/config.h"
#include "config/filter.h"

#include <boost/asio/cancellation_signal.hpp>

#include <functional>
#include <memory>
#include <set>

namespace lockstep::agent {

class Destination;

// What a destination asks of the mapping it belongs to.
struct DestinationHost {
    boost::asio::any_io_executor control;
    push::SessionPool::Threads threads;
    std::shared_ptr<const config::Filter> filter;
    std::function<std::uint64_t()> entries;  // of the source, for max_delete
    std::shared_ptr<Record> record;
    std::shared_ptr<push::Slots> slots;           // all mappings'
    std::shared_ptr<push::ReadFiles> read_files;  // all destinations'; null: there is but one
    // States that were sent so soon after they came about that they prove nothing yet.
    std::function<void(const std::shared_ptr<Destination>&, Racy)> racy;
    std::function<void(std::string type, std::string json)> publish;
    std::function<void()> changed;  // state or acknowledgement
    // The index knows by now what was under way when this subtree was compared with it.
    std::function<void(const std::string& subtree)> compare_again;
    std::shared_ptr<Hook> in_step;
    std::shared_ptr<Hook> trouble;
};

// Shared with the coroutine of its loop, which ends after stop().
class Destination : public std::enable_shared_from_this<Destination> {
public:
    using TimePoint = plan::TimePoint;

    Destination(config::Mapping mapping, config::Destination config, DestinationHost host);

    void start();
    void stop();

    void mark(const std::string& path, plan::Look look, TimePoint now, bool closed = false);
    void mark_moved(const std::vector<plan::DirtySet::Moved>& moved);
    void forget_moves() { dirty_.forget_moves(); }
    // Of what others have acknowledged, what this one is not at.
    plan::DirtySet::Looks uncovered(const plan::DirtySet::Looks& paths) const
    {
        return dirty_.uncovered(paths);
    }
    // What the last run left open.
    void remember(const state::DirtyRow& row, const std::optional<timespec>& open_since,
                  TimePoint now);
    // Sending is allowed while the source is live, the directory of this identity, and the mapping
    // is not paused.
    void allow(bool sending, push::SourceIdentity identity);
    // Try at once what waits or is stopped.
    void resume(bool accept_deletes);
    // The source was compared with what is remembered: without an open path this is in step.
    void compared();
    // This subtree is compared with an index that does not know yet what is under way.
    void compared_too_early(const std::string& subtree)
    {
        if (pushing_) compare_again_.insert(subtree);
    }
    void accept_empty() { accept_empty_ = true; }
    void saw_links(const push::LinksSeen& seen) { memory_.links().saw(seen); }
    void moved(push::LinkMove move) { memory_.links().moved(std::move(move)); }
    // Of each path: nothing about it is dirty or in flight here.
    std::vector<bool> clean(const std::vector<std::string>& paths) const
    {
        return dirty_.clean(paths);
    }

    // Flush: what was marked before is acknowledged once reached(mark).
    std::uint64_t mark_of_now() const { return dirty_.mark(); }
    bool reached(std::uint64_t mark) const
    {
        return !aftermath_.until() && dirty_.reached(aftermath_.covering(mark));
    }
    // Gives what failed before another try, and sends what is open as it is, for a flush that would
    // have to wait for it.
    void hurry(TimePoint now);
    // Why a flush that began at `since` need not wait longer; empty while it should.
    std::string hopeless(std::uint64_t mark, TimePoint since) const;
    std::vector<std::string> outstanding(std::uint64_t mark) const;
    std::string describe_trouble() const;

    const config::Destination& config() const { return config_; }
    std::string url() const;
    status::Destination snapshot(TimePoint now) const;
    Event& changed() { return changed_; }

private:
    static boost::asio::awaitable<void> loop(std::shared_ptr<Destination> self);
    boost::asio::awaitable<void> push_once(plan::Batch batch);
    push::PushJob job_for(plan::Batch batch);
    transport::PushOptions warm_options() const;
    void stay_warm();
    bool may_send(TimePoint now) const;
    TimePoint next_moment(TimePoint now) const;

    void landed();
    void acknowledge(const plan::Batch& batch, push::PushReport report, TimePoint now);
    bool set_aside(const plan::Batch& batch, const push::BrokenPush& error, TimePoint now);
    void failed(const plan::Batch& batch, const Error& error, TimePoint now,
                plan::DirtySet::Begun begun, const std::optional<std::string>& culprit = {});
    void record(const plan::Batch& batch, const std::vector<plan::DirtySet::Again>& again,
                push::PushReport& report);
    void note(Trouble trouble);
    void split(const plan::Batch& batch, const std::string& complaint, TimePoint now);
    Waits waits();
    status::DestinationState state(TimePoint now) const;
    void note_state();
    void note_whether_troubled(status::DestinationState state, TimePoint now);

    config::Mapping mapping_;
    config::Destination config_;
    DestinationHost host_;
    plan::DirtySet dirty_;
    DeleteBudget budget_;
    Event work_;
    Event changed_;
    std::shared_ptr<push::SessionPool> pool_;
    PushMemory memory_;
    std::uint64_t hurry_up_to_ = 0;  // a flush waits for these, open or not
    plan::Pace pace_;
    Aftermath aftermath_;
    std::set<std::string> held_;  // wait for their close
    boost::asio::cancellation_signal cancel_;
    Elsewhere at_work_;  // on the sessions' line
    std::shared_ptr<std::atomic<bool>> cancelled_;

    bool stopping_ = false;
    bool allowed_ = false;
    push::SourceIdentity identity_;
    bool pushing_ = false;
    std::set<std::string> compare_again_;  // subtrees, once the push has ended
    bool accept_empty_ = false;
    std::size_t batch_max_;
    Troubles troubles_;
    News news_;
    Totals totals_;
    std::optional<status::WallTime> in_step_at_;
};

}  // namespace lockstep::agent
