#include "agent/mapping.h"

#include "agent/push_job.h"
#include "agent/reach.h"
#include "agent/settle_change.h"
#include "agent/watch_options.h"
#include "base/log.h"
#include "base/path.h"

#include <boost/asio/post.hpp>
#include <boost/json.hpp>

namespace lockstep::agent {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using plan::Look;
using watcher::Change;
using watcher::ChangeKind;

plan::SettleTimes settle_times(const config::Batch& batch)
{
    return {batch.settle, batch.max_delay};
}

}  // namespace

Mapping::Mapping(config::Mapping config, MappingHost host)
    : config_(std::move(config)),
      host_(std::move(host)),
      filter_(filter_of(config_)),
      destinations_(config_, host_.control),
      source_(config_.name, config_.source),
      settle_(settle_times(config_.batch)),
      settle_timer_(host_.control, [this] { hand_over(settle_.take_ready(Clock::now())); }),
      full_sync_timer_(host_.control, [this] { full_sync(); }),
      changed_(host_.control)
{
}

void Mapping::start()
{
    record_ = std::make_shared<Record>(
        *host_.state_dir, config_, Record::Executors{host_.control, host_.transfer, host_.store});
    make_reconciler();
    make_racy_states();
    make_destinations();
    const std::weak_ptr<Mapping> weak = weak_from_this();
    lacking_ = std::make_shared<LackSearch>(record_, [weak] {
        if (const std::shared_ptr<Mapping> self = weak.lock()) self->changed_.notify_all();
    });
    record_->on_lacking([weak](const Record::Lacking& lacking) {
        const std::shared_ptr<Mapping> self = weak.lock();
        if (self && !self->stopping_) self->lacking_->begin(lacking, self->destinations_.all());
    });
    start_watching();
    arm_full_sync();
}

void Mapping::make_reconciler()
{
    const std::weak_ptr<Mapping> weak = weak_from_this();
    Reconciler::Host host;
    host.record = record_;
    host.source = config_.source;
    host.follow = config_.follow;
    host.one_file_system = config_.one_file_system;
    host.excluded = excluded_by(filter_);
    host.found = [weak](const Record::Differences& differences) {
        if (const std::shared_ptr<Mapping> self = weak.lock())
            self->destinations_.mark(differences, Clock::now());
    };
    host.impossible = [weak](const std::string& subtree) {
        if (const std::shared_ptr<Mapping> self = weak.lock())
            self->destinations_.mark(subtree, Look::subtree, Clock::now());
    };
    host.changed = [weak] {
        const std::shared_ptr<Mapping> self = weak.lock();
        if (!self) return;
        if (self->source_.live() && self->reconciler_->idle()) self->in_order();
        self->changed_.notify_all();
        self->host_.changed();
    };
    reconciler_ = std::make_shared<Reconciler>(std::move(host));
}

void Mapping::make_racy_states()
{
    const std::weak_ptr<Mapping> weak = weak_from_this();
    RacyStates::Host host;
    host.control = host_.control;
    host.record = record_;
    host.all_told = [weak](TimePoint limit) { return all_told(weak.lock(), limit); };
    host.settling = [weak](const std::string& path) {
        const std::shared_ptr<Mapping> self = weak.lock();
        return !self || self->settle_.has(path);
    };
    racy_ = std::make_shared<RacyStates>(std::move(host));
}

void Mapping::make_destinations()
{
    const std::weak_ptr<Mapping> weak = weak_from_this();
    DestinationHost host;
    host.control = host_.control;
    host.slots = host_.slots;
    host.filter = filter_;
    host.record = record_;
    host.entries = [weak] {
        const std::shared_ptr<Mapping> self = weak.lock();
        return self && self->watch_ ? self->watch_->figures().entries : 0;
    };
    host.publish = [publish = host_.publish, name = config_.name](std::string type,
                                                                  std::string json) {
        publish(
            {std::move(type), "{\"mapping\":" + boost::json::serialize(boost::json::string(name)) +
                                  "," + json.substr(1)});
    };
    host.changed = [weak] {
        if (const std::shared_ptr<Mapping> self = weak.lock()) {
            self->changed_.notify_all();
            self->host_.changed();
        }
    };
    host.compare_again = [weak](const std::string& subtree) {
        const std::shared_ptr<Mapping> self = weak.lock();
        if (!self || self->stopping_) return;
        ++self->compared_again_;
        self->compare(subtree, Clock::now());
    };
    host.racy = [weak](const std::shared_ptr<Destination>& destination, Racy racy) {
        const std::shared_ptr<Mapping> self = weak.lock();
        if (self) self->racy_->note(destination, std::move(racy));
    };
    destinations_.start(config_, std::move(host), [this] {
        return push::SessionPool::Threads{host_.line(), host_.transfer};
    });
}

void Mapping::start_watching()
{
    const std::weak_ptr<Mapping> weak = weak_from_this();
    const asio::any_io_executor control = host_.control;
    const auto sink = [weak, control](std::vector<Change> changes) {
        asio::post(control, [weak, moved = std::move(changes)]() mutable {
            const std::shared_ptr<Mapping> self = weak.lock();
            if (self && !self->stopping_) self->accept(std::move(moved));
        });
    };
    watch_ = std::make_unique<SourceWatches>(*host_.drainer, watch_options(config_, filter_),
                                             config_.follow, sink);
}

void Mapping::stop()
{
    stopping_ = true;
    settle_timer_.stop();
    full_sync_timer_.stop();
    if (racy_) racy_->stop();
    if (reconciler_) reconciler_->stop();
    destinations_.stop();
    watch_.reset();
    if (record_) record_->close();
    changed_.notify_all();
}

// ---- what the watcher says

void Mapping::accept(std::vector<Change> changes)
{
    const TimePoint now = Clock::now();
    for (const Change& change : changes) accept(change, now);
    hand_over(settle_.take_ready(now));
    if (source_.refused()) source_found(now);
}

void Mapping::accept(const Change& change, TimePoint now)
{
    if (log::enabled(log::Level::trace))
        log::write(log::Level::trace, "watch",
                   std::string(watcher::name_of(change.kind)) + " " + quoted(change.path),
                   {{"mapping", config_.name}});
    switch (change.kind) {
        case ChangeKind::content:
        case ChangeKind::writing:
        case ChangeKind::attributes:
            break;
        case ChangeKind::gone:
            // What was in it went without a word; should another directory have its name by now, it
            // must not inherit that.
            unreadable_.went(change.path);
            break;
        case ChangeKind::moved:
            unreadable_.went(change.from);
            for (const std::shared_ptr<Destination>& destination : destinations_)
                destination->moved({change.from, change.path, change.directory, now});
            break;
        case ChangeKind::subtree:
            compare_untold(change.path, now);
            break;
        case ChangeKind::unreadable:
            if (unreadable_.add(change.path))
                log::warn("watch", change.detail, {{"mapping", config_.name}});
            break;
        case ChangeKind::readable:
            unreadable_.readable_again(change.path);
            log::info("watch", "readable again: " + quoted(change.path),
                      {{"mapping", config_.name}});
            break;
        case ChangeKind::overflow:
            forget_moves();
            log::warn("watch", "the kernel's event queue overflowed: the source is compared again",
                      {{"mapping", config_.name}});
            break;
        case ChangeKind::live:
            source_found(now);
            break;
        case ChangeKind::root_lost:
            source_.root_lost(change.detail);
            forget_moves();
            source_lost();
            break;
        case ChangeKind::barrier:
            barriers_seen_ = std::max(barriers_seen_, change.number);
            changed_.notify_all();
            break;
    }
    settle_change(settle_, change, now);
}

void Mapping::forget_moves()
{
    settle_.forget_moves();
    for (const std::shared_ptr<Destination>& destination : destinations_)
        destination->forget_moves();
}

void Mapping::source_found(TimePoint now)
{
    using Sight = SourceState::Sight;
    const Sight sight = source_.look(*record_);
    if (sight == Sight::gone) return;  // root_lost follows
    if (sight == Sight::refused) {
        source_lost();
        return;
    }
    log::info("mapping", "live",
              {{"mapping", config_.name},
               {"directories", std::to_string(watch_->figures().directories)}});
    const config::AtStart at_start = config_.full_sync.at_start;
    const bool first = sight == Sight::first;
    const bool all = sight == Sight::accepted || (first && at_start == config::AtStart::always);
    const bool never = first && at_start == config::AtStart::never;
    // With an empty index a comparison could only find everything, and so late that the compare
    // which a new destination has before it anyway would have begun: it would be done twice.
    if (all || (!never && record_->is_blank()))
        destinations_.mark(std::string(), Look::subtree, now);
    else if (!never)
        compare_untold(std::string(), now);
    if (reconciler_->idle()) in_order();
    allow_destinations();
    changed_.notify_all();
}

void Mapping::in_order()
{
    ever_in_order_ = true;
    for (const std::shared_ptr<Destination>& destination : destinations_) destination->compared();
}

// Against the index where there is one, else with the destinations.
void Mapping::compare(const std::string& subtree, TimePoint now)
{
    if (record_->works())
        reconciler_->want(subtree, source_.identity());
    else
        destinations_.mark(subtree, Look::subtree, now);
}

// What nobody told may have happened to what is under way since it was looked at, and that is not
// in the index before it is acknowledged.
void Mapping::compare_untold(const std::string& subtree, TimePoint now)
{
    compare(subtree, now);
    if (!record_->works()) return;
    for (const std::shared_ptr<Destination>& destination : destinations_)
        destination->compared_too_early(subtree);
}

void Mapping::source_lost()
{
    unreadable_.clear();
    allow_destinations();
    changed_.notify_all();
    host_.changed();
}

void Mapping::allow_destinations()
{
    for (const std::shared_ptr<Destination>& destination : destinations_)
        destination->allow(source_.live() && !paused_, source_.identity());
}

// ---- settling

void Mapping::hand_over(const std::vector<plan::Settled>& settled)
{
    destinations_.mark(settled);
    settle_timer_.set(settle_.next_ready());
}

void Mapping::arm_full_sync()
{
    if (config_.full_sync.every) full_sync_timer_.set(Clock::now() + *config_.full_sync.every);
}

void Mapping::full_sync()
{
    if (source_.live()) destinations_.mark(std::string(), Look::subtree, Clock::now());
    arm_full_sync();
}

// ---- commands

void Mapping::pause()
{
    paused_ = true;
    log::info("mapping", "paused", {{"mapping", config_.name}});
    allow_destinations();
}

void Mapping::resume(bool accept_deletes)
{
    paused_ = false;
    log::info("mapping", "resumed", {{"mapping", config_.name}});
    allow_destinations();
    for (const std::shared_ptr<Destination>& destination : destinations_)
        destination->resume(accept_deletes);
}

void Mapping::resume_destinations()
{
    for (const std::shared_ptr<Destination>& destination : destinations_)
        destination->resume(false);
}

// True once the watcher has told everything that had happened when it was asked.
asio::awaitable<bool> Mapping::barrier(TimePoint limit)
{
    if (stopping_) co_return false;  // nobody watches any more
    const std::uint64_t number = ++barriers_asked_;
    watch_->barrier(number);
    while (barriers_seen_ < number && !stopping_ && Clock::now() < limit)
        co_await changed_.wait_until(limit);
    co_return barriers_seen_ >= number;
}

asio::awaitable<bool> Mapping::all_told(std::shared_ptr<Mapping> self, TimePoint limit)
{
    if (!self) co_return false;
    const bool told = co_await self->barrier(limit);
    co_return told && !self->stopping_ && self->source_.live() && self->reconciler_->idle();
}

// Why nothing arrives at any destination; empty: it may.
std::string Mapping::obstacle() const
{
    if (source_.missing()) return "source missing: " + source_.detail();
    if (paused_) return "paused";
    if (stopping_) return "the agent is stopping";
    return {};
}

asio::awaitable<status::CommandResult> Mapping::flush(std::shared_ptr<Mapping> self,
                                                      TimePoint limit)
{
    status::CommandResult result;
    const std::string prefix = "mapping " + self->config_.name + ": ";
    if (self->paused_) {
        result.message = prefix + "paused";
        co_return result;
    }
    const bool told = co_await self->barrier(limit);
    // Only what a live watch has told may be believed; a scan that is still running ends in a full
    // compare.
    while (!self->source_.live() && !self->source_.missing() && !self->stopping_ &&
           Clock::now() < limit)
        co_await self->changed_.wait_until(limit);
    if (self->stopping_ || self->source_.missing() || !told || !self->source_.live()) {
        result.message =
            prefix + (self->stopping_           ? "the agent is stopping"
                      : self->source_.missing() ? "source missing: " + self->source_.detail()
                                                : "timed out while the source is scanned");
        co_return result;
    }
    // What arrived for it may have to be compared with the source once more.
    std::uint64_t again = 0;
    do {
        again = self->compared_again_;
        result = co_await arrive(self, prefix, limit);
    } while (result.message.empty() && self->compared_again_ != again);
    result.ok = result.message.empty();
    if (result.ok) result.message = prefix + "in step";
    co_return result;
}

asio::awaitable<status::CommandResult> Mapping::arrive(std::shared_ptr<Mapping> self,
                                                       std::string prefix, TimePoint limit)
{
    status::CommandResult result;
    const std::uint64_t compared = self->reconciler_->mark();
    while (!self->reconciler_->done(compared) && self->source_.live() && !self->stopping_ &&
           Clock::now() < limit)
        co_await self->changed_.wait_until(limit);
    if (!self->reconciler_->done(compared)) {
        result.message = prefix + "timed out while the source is compared with the index";
        co_return result;
    }
    // What one destination acknowledges is looked for at the others; what they are sent for it
    // after they were reached is waited for as well. That they acknowledge tells nobody anything.
    const int rounds = self->destinations_.all().size() > 1 ? 2 : 1;
    std::uint64_t searches = 0;
    for (int round = 0; round < rounds && result.message.empty(); ++round) {
        if (round > 0) co_await self->record_->told();
        if (round > 0 && searches == self->lacking_->mark()) break;
        searches = self->lacking_->mark();
        while (!self->lacking_->done(searches) && !self->stopping_ && Clock::now() < limit)
            co_await self->changed_.wait_until(limit);
        self->hand_over(self->settle_.take_all());
        std::function<std::string()> obstacle = [self] { return self->obstacle(); };
        result = co_await reach(self->destinations_.all(), prefix, std::move(obstacle), limit);
    }
    co_return result;
}

asio::awaitable<status::CommandResult> Mapping::resync(std::shared_ptr<Mapping> self,
                                                       bool accept_empty)
{
    const TimePoint now = Clock::now();
    if (accept_empty && !self->stopping_) {
        for (const std::shared_ptr<Destination>& destination : self->destinations_)
            destination->accept_empty();
        if (self->source_.refused()) {
            self->source_.accept();
            self->source_found(now);
        }
    }
    self->destinations_.mark(std::string(), Look::subtree, now);
    status::CommandResult result = co_await flush(self, now + std::chrono::hours(24));
    co_return result;
}

// ---- what is told

status::MappingState Mapping::state() const
{
    using status::MappingState;
    if (paused_) return MappingState::paused;
    if (source_.missing()) return MappingState::source_missing;
    if (!source_.live() || reconciler_->whole())
        return ever_in_order_ ? MappingState::rescanning : MappingState::scanning;
    return MappingState::live;
}

status::Mapping Mapping::snapshot(TimePoint now) const
{
    status::Mapping told;
    told.name = config_.name;
    told.source = config_.source;
    told.state = state();
    told.detail = source_.detail();
    if (watch_) {
        const watcher::WatchFigures figures = watch_->figures();
        told.directories = figures.directories;
        told.watches = figures.watches;
        told.polled_directories = figures.unwatched;
        told.queue_overflows = figures.overflows;
        told.events = {figures.created, figures.modified, figures.moved, figures.deleted,
                       figures.attrib};
        if (told.detail.empty()) told.detail = watch_->limits_advice();
    }
    unreadable_.tell(told);
    const bool comparing = !reconciler_->idle();
    const std::size_t settling = settle_.size();
    for (const std::shared_ptr<Destination>& destination : destinations_) {
        status::Destination one = destination->snapshot(now);
        // What has not settled is not there yet either.
        one.pending += settling;
        if ((settling > 0 || comparing) && one.state == status::DestinationState::in_step)
            one.state = status::DestinationState::syncing;
        told.destinations.push_back(std::move(one));
    }
    return told;
}

}  // namespace lockstep::agent
