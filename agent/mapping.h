// One source: what the watcher says settles and becomes dirty at every destination. On the control
// thread.
#pragma once

#include "agent/destinations.h"
#include "agent/lack_search.h"
#include "agent/plan/settle.h"
#include "agent/racy_states.h"
#include "agent/reconciler.h"
#include "agent/record.h"
#include "agent/source_state.h"
#include "agent/source_watches.h"
#include "agent/status/http_server.h"
#include "agent/timer.h"
#include "agent/unreadable.h"
#include "config/config.h"
#include "config/filter.h"

#include <memory>
#include <vector>

namespace lockstep::agent {

struct MappingHost {
    boost::asio::any_io_executor control;
    boost::asio::any_io_executor transfer;
    std::function<boost::asio::any_io_executor()> line;  // for one more destination's sessions
    boost::asio::any_io_executor store;
    const state::StateDir* state_dir = nullptr;
    watcher::Drainer* drainer = nullptr;
    std::shared_ptr<push::Slots> slots;
    std::function<void(status::EventLine)> publish;
    std::function<void()> changed;  // something that a status or the watchdog may want to know
};

// Shared with coroutines that wait for it (flush, resync); these end after stop().
class Mapping : public std::enable_shared_from_this<Mapping> {
public:
    using TimePoint = plan::TimePoint;

    Mapping(config::Mapping config, MappingHost host);

    // Throws Error(local, needs_person) when no inotify instance is left.
    void start();
    void stop();

    // Answers when every change made before the call is at every destination, or when that cannot
    // be.
    static boost::asio::awaitable<status::CommandResult> flush(std::shared_ptr<Mapping> self,
                                                               TimePoint limit);
    static boost::asio::awaitable<status::CommandResult> resync(std::shared_ptr<Mapping> self,
                                                                bool accept_empty);
    void pause();
    void resume(bool accept_deletes);
    // Try at once what waits or is stopped, without ending a pause.
    void resume_destinations();

    const config::Mapping& config() const { return config_; }
    status::Mapping snapshot(TimePoint now) const;

private:
    void accept(std::vector<watcher::Change> changes);
    void accept(const watcher::Change& change, TimePoint now);
    void forget_moves();
    void make_destinations();
    void make_reconciler();
    void make_racy_states();
    void start_watching();
    void source_found(TimePoint now);
    void in_order();
    std::string obstacle() const;
    void source_lost();
    void hand_over(const std::vector<plan::Settled>& settled);
    void arm_full_sync();
    void full_sync();
    void compare(const std::string& subtree, TimePoint now);
    void compare_untold(const std::string& subtree, TimePoint now);
    // A flush, once the watcher has told everything.
    static boost::asio::awaitable<status::CommandResult> arrive(std::shared_ptr<Mapping> self,
                                                                std::string prefix,
                                                                TimePoint limit);
    void allow_destinations();
    status::MappingState state() const;
    boost::asio::awaitable<bool> barrier(TimePoint limit);
    static boost::asio::awaitable<bool> all_told(std::shared_ptr<Mapping> self, TimePoint limit);

    config::Mapping config_;
    MappingHost host_;
    std::shared_ptr<const config::Filter> filter_;
    std::shared_ptr<Record> record_;
    std::shared_ptr<Reconciler> reconciler_;
    std::shared_ptr<RacyStates> racy_;
    std::shared_ptr<LackSearch> lacking_;
    Destinations destinations_;
    std::unique_ptr<SourceWatches> watch_;
    SourceState source_;
    plan::Settle settle_;
    Timer settle_timer_;
    Timer full_sync_timer_;
    Event changed_;

    bool stopping_ = false;
    bool paused_ = false;
    bool ever_in_order_ = false;  // live, and what happened before is known
    Unreadable unreadable_;
    std::uint64_t compared_again_ = 0;
    std::uint64_t barriers_asked_ = 0;
    std::uint64_t barriers_seen_ = 0;
};

}  // namespace lockstep::agent
