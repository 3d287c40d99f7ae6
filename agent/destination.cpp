#include "agent/destination.h"

#include "agent/push/step_options.h"
#include "agent/push_job.h"
#include "base/log.h"
#include "base/path.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>

namespace lockstep::agent {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr std::size_t large_batch = 1000;

std::vector<state::DirtyRow> rows_of(const plan::Batch& batch)
{
    std::vector<state::DirtyRow> rows;
    rows.reserve(batch.paths.size());
    for (const plan::DirtyPath& dirty : batch.paths)
        rows.push_back({dirty.path, static_cast<int>(dirty.look), true});
    return rows;
}

}  // namespace

Destination::Destination(config::Mapping mapping, config::Destination config, DestinationHost host)
    : mapping_(std::move(mapping)),
      config_(std::move(config)),
      host_(std::move(host)),
      dirty_(mapping_.queue.max_pending),
      budget_(mapping_.max_delete),
      work_(host_.control),
      changed_(host_.control),
      pool_(make_sessions(host_.threads, config_, config_.warm_sessions, host_.slots)),
      memory_(host_.record, url()),
      cancelled_(std::make_shared<std::atomic<bool>>(false)),
      batch_max_(mapping_.batch.max_files),
      troubles_(config_.retry, config_.url.scheme),
      news_(mapping_.name, url(), mapping_.hooks.trouble_after,
            {host_.publish, host_.in_step, host_.trouble})
{
}

std::string Destination::url() const
{
    return config::to_string(config_.url);
}

void Destination::start()
{
    const std::shared_ptr<Destination> self = shared_from_this();
    const auto ended = [self](std::exception_ptr failure) {
        if (!failure || self->stopping_) return;
        try {
            std::rethrow_exception(failure);
        } catch (const std::exception& error) {
            log::error("destination", "the loop of " + self->url() + " ended: " + error.what());
            std::abort();  // nothing would be sent any more, and nobody would know
        }
    };
    asio::co_spawn(host_.control, loop(self), asio::bind_cancellation_slot(cancel_.slot(), ended));
}

void Destination::stop()
{
    stopping_ = true;
    *cancelled_ = true;
    pool_->close();
    work_.notify_all();
    changed_.notify_all();
    cancel_.emit(asio::cancellation_type::terminal);
    at_work_.cancel();
}

void Destination::remember(const state::DirtyRow& row, const std::optional<timespec>& open_since,
                           TimePoint now)
{
    if (row.path.empty() && row.look == state::subtree_look) {
        if (open_since) {
            const timespec today = state::time_of_look();
            const auto ago = std::chrono::seconds(today.tv_sec - open_since->tv_sec);
            dirty_.add_changed_since({}, now - std::max(ago, std::chrono::seconds(0)), now);
            return;
        }
        memory_.compared(false);
    }
    mark(row.path, static_cast<plan::Look>(row.look), now);
    if (row.in_flight && !row.path.empty()) aftermath_.list_later(std::string(parent_of(row.path)));
}

void Destination::mark(const std::string& path, plan::Look look, TimePoint now, bool closed)
{
    dirty_.add(path, look, now, closed);
    work_.notify_all();
}

void Destination::mark_moved(const std::vector<plan::DirtySet::Moved>& moved)
{
    dirty_.add_moved(moved);
    work_.notify_all();
}

void Destination::allow(bool sending, push::SourceIdentity identity)
{
    if (sending) troubles_.source_is_back();
    if (sending && !allowed_) stay_warm();
    if (!sending) pool_->let_go();
    allowed_ = sending;
    identity_ = identity;
    work_.notify_all();
    changed_.notify_all();
}

transport::PushOptions Destination::warm_options() const
{
    return push::live_options(push_options_of(mapping_, config_),
                              protecting_rules(mapping_, *host_.filter),
                              !pool_->refusals().contains(push::Ask::deletions));
}

void Destination::stay_warm()
{
    pool_->keep_warm(warm_options());
}

void Destination::resume(bool accept_deletes)
{
    budget_.resume(accept_deletes);
    troubles_.try_again();
    dirty_.make_all_due(Clock::now());
    work_.notify_all();
}

void Destination::hurry(TimePoint now)
{
    if (aftermath_.expect_listings(now)) work_.notify_all();
    hurry_up_to_ = dirty_.mark();
    if (budget_.withheld()) return;
    dirty_.make_all_due(now);
    work_.notify_all();
}

// ---- the loop

bool Destination::may_send(TimePoint now) const
{
    return allowed_ && !stopping_ && dirty_.has_due(now) && pace_.next() <= now &&
           !troubles_.waits_until(now);
}

Destination::TimePoint Destination::next_moment(TimePoint now) const
{
    TimePoint next = now + Settlement::never;
    if (!allowed_) return next;
    if (const std::optional<TimePoint> told = news_.next_moment(now)) next = *told;
    if (aftermath_.until()) next = std::min(next, *aftermath_.until());
    if (const std::optional<TimePoint> until = troubles_.waits_until(now))
        return std::min(next, *until);
    if (dirty_.has_due(now)) return std::min(next, pace_.next());
    if (const std::optional<TimePoint> due = dirty_.next_due()) next = std::min(next, *due);
    return next;
}

asio::awaitable<void> Destination::loop(std::shared_ptr<Destination> self)
{
    while (!self->stopping_) {
        const TimePoint now = Clock::now();
        if (self->aftermath_.until() && *self->aftermath_.until() <= now) {
            self->aftermath_.end(self->dirty_, now);
            self->changed_.notify_all();
        }
        if (!self->may_send(now)) {
            self->note_state();
            const TimePoint until = self->next_moment(now);
            co_await self->work_.wait_until(until);
            continue;
        }
        plan::Batch batch = self->dirty_.take(self->batch_max_, now);
        self->pace_.begun(now);
        co_await self->push_once(std::move(batch));
        self->landed();
        self->host_.changed();
        self->changed_.notify_all();
    }
}

asio::awaitable<void> Destination::push_once(plan::Batch batch)
{
    using Begun = plan::DirtySet::Begun;
    pushing_ = true;
    news_.begun(batch);
    note_state();
    push::PushJob job = job_for(batch);
    std::vector<state::DirtyRow> rows = rows_of(batch);
    std::exception_ptr failure;
    push::PushReport report;
    try {
        if (troubles_.cut_off()) {
            transport::PushOptions options = warm_options();
            co_await at_work_.run(pool_->strand(), pool_->reach(std::move(options)));
        }
        co_await host_.record->begin(url(), std::move(rows));
        report = co_await at_work_.run(pool_->strand(), push::push_batch(std::move(job)));
    } catch (...) {
        failure = std::current_exception();
    }
    pushing_ = false;
    memory_.give_back();
    const TimePoint now = Clock::now();
    if (!failure) {
        acknowledge(batch, std::move(report), now);
        co_return;
    }
    if (stopping_) co_return;
    try {
        std::rethrow_exception(failure);
    } catch (const push::BrokenPush& error) {
        aftermath_.expect(batch, error.lost(), config_.timeout, now);
        if (!set_aside(batch, error, now))
            failed(batch, error, now, error.begun() ? Begun::perhaps : Begun::no, error.path());
    } catch (const Error& error) {
        failed(batch, error, now, Begun::no);
    } catch (const std::exception& error) {
        failed(batch, Error(ErrorKind::local, Remedy::retry, error.what()), now, Begun::perhaps);
    }
}

// Whatever became of it: of a push that broke, pieces may have been acknowledged.
void Destination::landed()
{
    for (const std::string& subtree : std::exchange(compare_again_, {}))
        host_.compare_again(subtree);
}

push::PushJob Destination::job_for(plan::Batch batch)
{
    push::PushJob job = push_job(mapping_, config_, host_.filter);
    job.identity = identity_;
    job.plan.accept_empty = accept_empty_;
    job.plan.deletes_max = budget_.left(host_.entries(), Clock::now());
    if (batch.compares()) job.not_now = dirty_.failing();
    job.batch = std::move(batch);
    job.sessions = pool_;
    memory_.lend(job);
    job.read_files = host_.read_files;
    job.open_files.hurry_up_to = hurry_up_to_;
    job.cancelled = cancelled_;
    job.arrived = [record = host_.record, destination = url()](push::PushReport& report) {
        record->acknowledge(destination, report);
    };
    return job;
}

// ---- what became of it

void Destination::acknowledge(const plan::Batch& batch, push::PushReport report, TimePoint now)
{
    totals_.pushed(report);
    aftermath_.arrived(batch);
    aftermath_.expect(batch, report.lost, config_.timeout, now);
    if (report.sessions > 0) {
        if (troubles_.of_session() && allowed_) stay_warm();
        troubles_.session_worked();
    }
    if (!report.unattributed.empty() && batch.paths.size() > 1) {
        split(batch, report.unattributed.front(), now);
        return;
    }
    if (report.unattributed.empty())
        batch_max_ = std::min(mapping_.batch.max_files, std::max<std::size_t>(batch_max_ * 2, 1));
    else
        blame_all(batch, report);
    budget_.spend(report.deletions, now);
    accept_empty_ = false;

    const Settlement settlement = settled(batch, report, waits(), now);
    if (settlement.failed) note(*settlement.failed);
    if (settlement.withheld) {
        budget_.exceeded();
        note(*settlement.withheld);
    } else if (report.failures.empty()) {
        budget_.done();
    }
    for (const plan::DirtyPath& dirty : batch.paths) held_.erase(dirty.path);
    held_.insert(report.held.begin(), report.held.end());
    for (const plan::DirtyPath* dirty : settlement.arrived) totals_.arrived(now - dirty->since);

    dirty_.settle(batch, settlement.again, now);
    record(batch, settlement.again, report);
    if (settlement.again.empty() && batch.has_whole_source()) memory_.compared(true);
    if (dirty_.empty() && !aftermath_.until()) {
        in_step_at_ = std::chrono::system_clock::now();
        troubles_.forget_last();
    }
    news_.arrived(settlement.arrived.size());
    note_state();
    news_.arrived_for_hook(settlement.arrived, state(now), troubles_.last());
}

// The daemon complained and we do not know about which path: smaller batches tell, down to one
// path.
void Destination::split(const plan::Batch& batch, const std::string& complaint, TimePoint now)
{
    batch_max_ = (batch.paths.size() + 1) / 2;
    dirty_.give_back(batch, now, plan::DirtySet::Begun::perhaps);
    log::debug("push", "told apart in smaller batches",
               {{"destination", url()}, {"message", complaint}});
}

Waits Destination::waits()
{
    Waits waits;
    waits.attempts = [this](const std::string& path) { return dirty_.attempts(path); };
    waits.delay_after = [this](std::uint32_t attempts) { return troubles_.delay_after(attempts); };
    waits.open_max = mapping_.open_files.max_wait;
    waits.hurry_up_to = hurry_up_to_;
    return waits;
}

void Destination::record(const plan::Batch& batch, const std::vector<plan::DirtySet::Again>& again,
                         push::PushReport& report)
{
    host_.racy(shared_from_this(), std::move(report.racy));
    state::Acknowledgement acknowledgement;
    acknowledgement.destination = url();
    acknowledgement.sent = rows_of(batch);
    for (const plan::DirtySet::Again& one : again)
        acknowledgement.again.push_back({one.path, static_cast<int>(one.look), false});
    for (state::DirtyRow& row : aftermath_.to_record(batch))
        acknowledgement.again.push_back(std::move(row));
    acknowledgement.sightings = std::move(report.sightings);
    host_.record->acknowledge(std::move(acknowledgement));
    if (dirty_.empty() && (report.sessions > 1 || batch.paths.size() >= large_batch))
        host_.record->tidy();
}

void Destination::compared()
{
    if (aftermath_.expect_listings(Clock::now())) work_.notify_all();
    if (dirty_.empty() && !aftermath_.until() && !in_step_at_)
        in_step_at_ = std::chrono::system_clock::now();
    note_state();
    changed_.notify_all();
}

// A daemon that gives up over one path (its disk is full) would do so for ever while the others
// wait for it: they go without it, at once, unless there are many such. False where it is not that.
bool Destination::set_aside(const plan::Batch& batch, const push::BrokenPush& error, TimePoint now)
{
    if (!error.path() || !troubles_.may_set_aside()) return false;
    const std::string& culprit = *error.path();
    const auto again = all_but(batch, culprit, waits(), now);
    if (!again) return false;
    troubles_.path_set_aside();
    totals_.session_failed();
    held_.erase(culprit);
    // Nothing is left there: a receiver that gives up by itself removes what it has begun.
    dirty_.settle(batch, *again, now);
    Trouble trouble(error);
    trouble.remedy = Remedy::skip_path;
    trouble.paths.push_back(culprit);
    note(std::move(trouble));
    note_state();
    return true;
}

void Destination::failed(const plan::Batch& batch, const Error& error, TimePoint now,
                         plan::DirtySet::Begun begun, const std::optional<std::string>& culprit)
{
    totals_.session_failed();
    Trouble trouble(error);
    if (culprit) trouble.paths.push_back(*culprit);
    pool_->let_go();
    const bool is_new = troubles_.note_failed_session(std::move(trouble), now);
    news_.trouble(*troubles_.last(), is_new);
    dirty_.give_back(batch, now, begun);
    note_state();
}

void Destination::note(Trouble trouble)
{
    const bool is_new = troubles_.note(std::move(trouble));
    news_.trouble(*troubles_.last(), is_new);
}

// ---- what is told

status::DestinationState Destination::state(TimePoint now) const
{
    using status::DestinationState;
    if (troubles_.of_session())
        return troubles_.needs_person() ? DestinationState::stopped : DestinationState::waiting;
    if (budget_.withheld()) return DestinationState::stopped;
    if (dirty_.empty() && aftermath_.until()) return DestinationState::syncing;
    if (dirty_.empty())
        return in_step_at_ ? DestinationState::in_step : DestinationState::connecting;
    // A file that waits for its close is no trouble, but it has not arrived either.
    if (pushing_ || dirty_.has_due(now) || held_.size() >= dirty_.pending())
        return in_step_at_ || pushing_ ? DestinationState::syncing : DestinationState::connecting;
    return DestinationState::waiting;
}

void Destination::note_state()
{
    const TimePoint now = Clock::now();
    const status::DestinationState state = this->state(now);
    if (news_.wants_trouble()) note_whether_troubled(state, now);
    news_.state(state);
}

// Another try is not the end of a trouble: only success is.
void Destination::note_whether_troubled(status::DestinationState state, TimePoint now)
{
    using status::DestinationState;
    const bool troubled = state == DestinationState::waiting || state == DestinationState::stopped;
    if (state == DestinationState::in_step || (!troubled && !pushing_ && dirty_.failing().empty()))
        news_.recovered();
    else if (troubled)
        news_.troubled(state, troubles_.last(), now);
}

std::vector<std::string> Destination::outstanding(std::uint64_t mark) const
{
    std::vector<std::string> paths =
        dirty_.outstanding(aftermath_.covering(mark), Troubles::paths_shown_max);
    for (const auto& [path, look] : aftermath_.looks())
        if (paths.size() < Troubles::paths_shown_max) paths.push_back(path);
    return paths;
}

std::string Destination::describe_trouble() const
{
    std::string text = url() + ": " + std::string(status::name_of(state(Clock::now()))) + ", " +
                       std::to_string(dirty_.pending() + aftermath_.looks().size()) +
                       " paths outstanding";
    if (troubles_.last()) text += ": " + troubles_.last()->message;
    return text;
}

std::string Destination::hopeless(std::uint64_t mark, TimePoint since) const
{
    const bool tries = pushing_ || (allowed_ && !troubles_.waits_until(Clock::now()));
    if (troubles_.needs_person() && !tries) return describe_trouble();
    if (budget_.withheld() && !dirty_.reached(mark)) return describe_trouble();
    if (!aftermath_.until() && dirty_.only_failures(aftermath_.covering(mark), since))
        return describe_trouble();
    return {};
}

status::Destination Destination::snapshot(TimePoint now) const
{
    status::Destination told;
    told.url = url();
    told.state = state(now);
    told.pending = dirty_.pending() + aftermath_.looks().size();
    if (const std::optional<TimePoint> since = dirty_.oldest_since())
        told.lag = std::chrono::duration_cast<std::chrono::milliseconds>(now - *since);
    told.in_step_at = in_step_at_;
    const auto wall = [&](TimePoint when) {
        return std::chrono::system_clock::now() +
               std::chrono::duration_cast<std::chrono::system_clock::duration>(when - now);
    };
    if (const std::optional<TimePoint> until = troubles_.waits_until(now))
        told.retry_at = wall(*until);
    else if (told.state == status::DestinationState::waiting && dirty_.next_due())
        told.retry_at = wall(*dirty_.next_due());
    totals_.tell(told);
    troubles_.tell(told);
    return told;
}

}  // namespace lockstep::agent
