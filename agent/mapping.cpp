#include "agent/mapping.h"

#include "base/log.h"
#include "base/path.h"

#include <boost/asio/post.hpp>
#include <boost/json.hpp>

#include <sys/stat.h>

namespace lockstep::agent {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using plan::Look;
using watcher::Change;
using watcher::ChangeKind;

constexpr std::size_t paths_shown_max = 20;

plan::SettleTimes settle_times(const config::Batch& batch)
{
    return {batch.settle, batch.max_delay};
}

std::optional<push::SourceIdentity> identity_of(const std::string& source)
{
    struct stat status {};
    if (::stat(source.c_str(), &status) != 0) return std::nullopt;
    return push::SourceIdentity{status.st_dev, status.st_ino};
}

// How to look at a path that something came to, or went from, as a whole.
Look of_tree(const Change& change)
{
    return change.directory ? Look::subtree : Look::content;
}

std::string_view name_of(ChangeKind kind)
{
    switch (kind) {
        case ChangeKind::content:
            return "content";
        case ChangeKind::writing:
            return "writing";
        case ChangeKind::attributes:
            return "attributes";
        case ChangeKind::gone:
            return "gone";
        case ChangeKind::moved:
            return "moved";
        case ChangeKind::subtree:
            return "subtree";
        case ChangeKind::unreadable:
            return "unreadable";
        case ChangeKind::readable:
            return "readable";
        case ChangeKind::live:
            return "live";
        case ChangeKind::root_lost:
            return "root_lost";
        case ChangeKind::overflow:
            return "overflow";
        case ChangeKind::barrier:
            return "barrier";
    }
    return "change";
}

}  // namespace

Mapping::Mapping(config::Mapping config, MappingHost host)
    : config_(std::move(config)),
      host_(std::move(host)),
      filter_(std::make_shared<const config::Filter>(config_.include, config_.exclude)),
      settle_(settle_times(config_.batch)),
      settle_timer_(host_.control),
      full_sync_timer_(host_.control),
      changed_(host_.control)
{
}

void Mapping::start()
{
    DestinationHost host;
    host.control = host_.control;
    host.transfer = host_.transfer;
    const auto filter = filter_;
    if (!filter->empty())
        host.excluded = [filter](std::string_view path, bool directory) {
            return filter->excludes_entry(path, directory);
        };
    host.filter_rules = filter->wire_rules();
    const std::weak_ptr<Mapping> weak = weak_from_this();
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
    for (const config::Destination& destination : config_.destinations) {
        destinations_.push_back(std::make_shared<Destination>(config_, destination, host));
        destinations_.back()->start();
    }

    watcher::WatchOptions options;
    options.source = config_.source;
    options.one_file_system = config_.one_file_system;
    options.poll_interval = config_.poll_interval;
    options.excluded = host.excluded ? host.excluded : [](std::string_view, bool) { return false; };
    const asio::any_io_executor control = host_.control;
    const auto sink = [weak, control](std::vector<Change> changes) {
        asio::post(control, [weak, moved = std::move(changes)]() mutable {
            const std::shared_ptr<Mapping> self = weak.lock();
            if (self && !self->stopping_) self->accept(std::move(moved));
        });
    };
    watch_ = std::make_unique<watcher::SourceWatch>(*host_.drainer, options, sink);
    arm_full_sync_timer();
}

void Mapping::stop()
{
    stopping_ = true;
    settle_timer_.cancel();
    full_sync_timer_.cancel();
    for (const std::shared_ptr<Destination>& destination : destinations_) destination->stop();
    watch_.reset();
    changed_.notify_all();
}

// ---- what the watcher says

void Mapping::accept(std::vector<Change> changes)
{
    const TimePoint now = Clock::now();
    for (const Change& change : changes) accept(change, now);
    hand_over(settle_.take_ready(now));
    arm_settle_timer();
}

void Mapping::accept(const Change& change, TimePoint now)
{
    if (log::enabled(log::Level::trace))
        log::write(log::Level::trace, "watch",
                   std::string(name_of(change.kind)) + " " + quoted(change.path),
                   {{"mapping", config_.name}});
    switch (change.kind) {
        case ChangeKind::content:
            touch(change.path, Look::content, false, now);
            break;
        case ChangeKind::writing:
            touch(change.path, Look::content, true, now);
            break;
        case ChangeKind::attributes:
            touch(change.path, Look::attributes, false, now);
            break;
        case ChangeKind::gone:
            // What was in it went without a word; should another directory have its name by now, it
            // must not inherit that.
            forget_unreadable(change.path);
            touch(change.path, of_tree(change), false, now);
            break;
        case ChangeKind::moved:
            forget_unreadable(change.from);
            touch(change.from, of_tree(change), false, now);
            touch(change.path, of_tree(change), false, now);
            break;
        case ChangeKind::subtree:
            touch(change.path, Look::subtree, false, now);
            break;
        case ChangeKind::unreadable:
            if (unreadable_.insert(change.path).second)
                log::warn("watch", change.detail, {{"mapping", config_.name}});
            // What it holds is unknown: not in step until it has been listed.
            touch(change.path, Look::subtree, false, now);
            break;
        case ChangeKind::readable:
            unreadable_.erase(change.path);
            log::info("watch", "readable again: " + quoted(change.path),
                      {{"mapping", config_.name}});
            break;
        case ChangeKind::overflow:
            log::warn("watch", "the kernel's event queue overflowed: the source is compared again",
                      {{"mapping", config_.name}});
            break;
        case ChangeKind::live:
            source_found(now);
            break;
        case ChangeKind::root_lost:
            source_lost(change.detail);
            break;
        case ChangeKind::barrier:
            barriers_seen_ = std::max(barriers_seen_, change.number);
            changed_.notify_all();
            break;
    }
}

// A directory that went will not become readable; under a new name the compare of what moved names
// it.
void Mapping::forget_unreadable(const std::string& path)
{
    std::erase_if(unreadable_, [&](const std::string& one) { return is_at_or_below(one, path); });
}

void Mapping::source_found(TimePoint now)
{
    const std::optional<push::SourceIdentity> identity = identity_of(config_.source);
    if (!identity) return;  // gone again: root_lost follows
    identity_ = *identity;
    live_ = true;
    source_missing_ = false;
    source_detail_.clear();
    ever_live_ = true;
    log::info("mapping", "live",
              {{"mapping", config_.name},
               {"directories", std::to_string(watch_->figures().directories)}});
    compare_all(now);
    allow_destinations();
    changed_.notify_all();
}

void Mapping::source_lost(const std::string& detail)
{
    if (!source_missing_)
        log::warn("mapping", "source missing: " + detail, {{"mapping", config_.name}});
    live_ = false;
    source_missing_ = true;
    source_detail_ = detail;
    unreadable_.clear();
    allow_destinations();
    changed_.notify_all();
    host_.changed();
}

void Mapping::allow_destinations()
{
    for (const std::shared_ptr<Destination>& destination : destinations_)
        destination->allow(live_ && !paused_, identity_);
}

void Mapping::compare_all(TimePoint now)
{
    for (const std::shared_ptr<Destination>& destination : destinations_)
        destination->mark(std::string(), Look::subtree, now);
}

// ---- settling

void Mapping::touch(const std::string& path, Look look, bool being_written, TimePoint now)
{
    settle_.touch(path, look, being_written, now);
}

void Mapping::hand_over(const std::vector<plan::Settled>& settled)
{
    for (const plan::Settled& ready : settled)
        for (const std::shared_ptr<Destination>& destination : destinations_)
            destination->mark(ready.path, ready.look, ready.since);
}

void Mapping::arm_settle_timer()
{
    const std::optional<TimePoint> next = settle_.next_ready();
    if (next == settle_timer_at_) return;
    settle_timer_at_ = next;
    settle_timer_.cancel();
    if (!next) return;
    settle_timer_.expires_at(*next);
    const std::weak_ptr<Mapping> weak = weak_from_this();
    settle_timer_.async_wait([weak](const boost::system::error_code& error) {
        const std::shared_ptr<Mapping> self = weak.lock();
        if (error || !self || self->stopping_) return;
        self->settle_timer_at_.reset();
        self->hand_over(self->settle_.take_ready(Clock::now()));
        self->arm_settle_timer();
    });
}

void Mapping::arm_full_sync_timer()
{
    if (!config_.full_sync.every) return;
    full_sync_timer_.expires_after(*config_.full_sync.every);
    const std::weak_ptr<Mapping> weak = weak_from_this();
    full_sync_timer_.async_wait([weak](const boost::system::error_code& error) {
        const std::shared_ptr<Mapping> self = weak.lock();
        if (error || !self || self->stopping_) return;
        if (self->live_) self->compare_all(Clock::now());
        self->arm_full_sync_timer();
    });
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
    const std::uint64_t number = ++barriers_asked_;
    watch_->barrier(number);
    while (barriers_seen_ < number && !stopping_ && Clock::now() < limit)
        co_await changed_.wait_until(limit);
    co_return barriers_seen_ >= number;
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
    while (!self->live_ && !self->source_missing_ && !self->stopping_ && Clock::now() < limit)
        co_await self->changed_.wait_until(limit);
    if (self->stopping_ || self->source_missing_ || !told || !self->live_) {
        result.message =
            prefix + (self->stopping_         ? "the agent is stopping"
                      : self->source_missing_ ? "source missing: " + self->source_detail_
                                              : "timed out while the source is scanned");
        co_return result;
    }
    self->hand_over(self->settle_.take_all());
    self->arm_settle_timer();

    const TimePoint begun = Clock::now();
    std::vector<std::pair<std::shared_ptr<Destination>, std::uint64_t>> marks;
    for (const std::shared_ptr<Destination>& destination : self->destinations_) {
        destination->retry_failed_paths(begun);
        marks.emplace_back(destination, destination->mark_of_now());
    }
    for (std::size_t i = 0; i < marks.size(); ++i) {
        const std::shared_ptr<Destination> destination = marks[i].first;
        const std::uint64_t mark = marks[i].second;
        std::string why;
        while (!destination->reached(mark)) {
            why = destination->hopeless(mark, begun);
            if (self->stopping_) why = "the agent is stopping";
            if (self->paused_) why = "paused";
            if (self->source_missing_) why = "source missing: " + self->source_detail_;
            if (why.empty() && Clock::now() >= limit)
                why = "timed out: " + destination->describe_trouble();
            if (!why.empty()) break;
            co_await destination->changed().wait_until(limit);
        }
        if (why.empty()) continue;
        if (!result.message.empty()) result.message += "; ";
        result.message += prefix + why;
        for (const std::string& path : destination->outstanding(mark))
            if (result.paths.size() < paths_shown_max) result.paths.push_back(escaped(path));
    }
    result.ok = result.message.empty();
    if (result.ok) result.message = prefix + "in step";
    co_return result;
}

asio::awaitable<status::CommandResult> Mapping::resync(std::shared_ptr<Mapping> self,
                                                       bool accept_empty)
{
    const TimePoint now = Clock::now();
    for (const std::shared_ptr<Destination>& destination : self->destinations_) {
        if (accept_empty) destination->accept_empty();
        destination->mark(std::string(), Look::subtree, now);
    }
    status::CommandResult result = co_await flush(self, now + std::chrono::hours(24));
    co_return result;
}

// ---- what is told

status::MappingState Mapping::state() const
{
    using status::MappingState;
    if (paused_) return MappingState::paused;
    if (source_missing_) return MappingState::source_missing;
    if (!live_) return ever_live_ ? MappingState::rescanning : MappingState::scanning;
    return MappingState::live;
}

status::Mapping Mapping::snapshot(TimePoint now) const
{
    status::Mapping told;
    told.name = config_.name;
    told.source = config_.source;
    told.state = state();
    told.detail = source_detail_;
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
    for (const std::string& path : unreadable_) {
        if (told.unreadable.size() == paths_shown_max) break;
        told.unreadable.push_back(escaped(path));
    }
    const std::size_t settling = settle_.size();
    for (const std::shared_ptr<Destination>& destination : destinations_) {
        status::Destination one = destination->snapshot(now);
        // What has not settled is not there yet either.
        one.pending += settling;
        if (settling > 0 && one.state == status::DestinationState::in_step)
            one.state = status::DestinationState::syncing;
        told.destinations.push_back(std::move(one));
    }
    return told;
}

}  // namespace lockstep::agent
