// One destination's life: take a batch, push it, acknowledge, wait. On the control thread.
#pragma once

#include "agent/delete_budget.h"
#include "agent/event.h"
#include "agent/latency.h"
#include "agent/plan/dirty_set.h"
#include "agent/plan/retry.h"
#include "agent/push/pusher.h"
#include "agent/status/snapshot.h"
#include "config/config.h"

#include <boost/asio/cancellation_signal.hpp>

#include <functional>
#include <memory>
#include <random>

namespace lockstep::agent {

// What a destination asks of the mapping it belongs to.
struct DestinationHost {
    boost::asio::any_io_executor control;
    boost::asio::any_io_executor transfer;                                // the pool
    std::function<bool(std::string_view path, bool directory)> excluded;  // any thread
    std::vector<std::string> filter_rules;
    std::function<std::uint64_t()> entries;  // of the source, for max_delete
    std::function<void(std::string type, std::string json)> publish;
    std::function<void()> changed;  // state or acknowledgement
};

// Where a destination is, with its password read just now. Throws Error(auth).
transport::Endpoint endpoint_of(const config::Destination& destination);
transport::PushOptions push_options_of(const config::Mapping& mapping,
                                       const config::Destination& destination);

// Shared with the coroutine of its loop, which ends after stop().
class Destination : public std::enable_shared_from_this<Destination> {
public:
    using TimePoint = plan::TimePoint;

    Destination(config::Mapping mapping, config::Destination config, DestinationHost host);

    void start();
    void stop();

    void mark(const std::string& path, plan::Look look, TimePoint now);
    // Sending is allowed while the source is live, the directory of this identity, and the mapping
    // is not paused.
    void allow(bool sending, push::SourceIdentity identity);
    // Try at once what waits or is stopped.
    void resume(bool accept_deletes);
    void accept_empty() { accept_empty_ = true; }

    // Flush: what was marked before is acknowledged once reached(mark).
    std::uint64_t mark_of_now() const { return dirty_.mark(); }
    bool reached(std::uint64_t mark) const { return dirty_.reached(mark); }
    // Gives what failed before another try, for a flush that would have to wait for it.
    void retry_failed_paths(TimePoint now);
    // Why a flush that began at `since` need not wait longer; empty while it should.
    std::string hopeless(std::uint64_t mark, TimePoint since) const;
    std::vector<std::string> outstanding(std::uint64_t mark) const;
    std::string describe_trouble() const;

    const config::Destination& config() const { return config_; }
    std::string url() const;
    status::Destination snapshot(TimePoint now) const;
    Event& changed() { return changed_; }

private:
    struct Trouble {
        ErrorKind kind = ErrorKind::local;
        Remedy remedy = Remedy::retry;
        std::string message;
        std::vector<std::string> paths;
        std::string advice;
        status::WallTime at;
    };

    static boost::asio::awaitable<void> loop(std::shared_ptr<Destination> self);
    boost::asio::awaitable<void> push_once(plan::Batch batch);
    push::PushJob job_for(plan::Batch batch);
    bool may_send(TimePoint now) const;
    TimePoint next_moment(TimePoint now) const;

    void acknowledge(const plan::Batch& batch, push::PushReport report, TimePoint now);
    // `listings`: directories where the daemon may have left something.
    void failed(const plan::Batch& batch, const Error& error, TimePoint now,
                const std::vector<std::string>& listings = {});
    void remember(Trouble trouble);
    void split_after_unattributed(const plan::Batch& batch, push::PushReport& report);
    status::DestinationState state(TimePoint now) const;
    void note_state();

    config::Mapping mapping_;
    config::Destination config_;
    DestinationHost host_;
    plan::DirtySet dirty_;
    DeleteBudget budget_;
    Event work_;
    Event changed_;
    LatencyMeter latency_;
    std::shared_ptr<push::LinkIndex> links_ = std::make_shared<push::LinkIndex>();
    boost::asio::cancellation_signal cancel_;
    std::shared_ptr<std::atomic<bool>> cancelled_;
    std::mt19937 random_;

    bool stopping_ = false;
    bool allowed_ = false;
    push::SourceIdentity identity_;
    bool pushing_ = false;
    bool accept_deletes_ = false;
    bool accept_empty_ = false;
    bool deletes_withheld_ = false;
    std::size_t batch_max_;
    std::uint32_t attempts_ = 0;              // sessions that failed in a row
    std::optional<TimePoint> not_before_;     // the next session
    std::optional<Trouble> session_trouble_;  // since the last session that worked
    std::optional<Trouble> last_trouble_;
    transport::PeerFacts peer_;
    std::optional<status::WallTime> in_step_at_;
    std::optional<status::DestinationState> noted_state_;
    transport::PushFigures sent_;
    std::uint64_t sessions_ = 0;
    std::uint64_t retries_ = 0;
    std::uint64_t errors_ = 0;
};

}  // namespace lockstep::agent
