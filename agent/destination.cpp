#include "agent/destination.h"

#include "agent/advice.h"
#include "base/log.h"
#include "base/path.h"
#include "config/secret.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>

#include <limits>

namespace lockstep::agent {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using transport::PathFailure;

constexpr std::size_t paths_shown_max = 20;
constexpr std::chrono::milliseconds vanished_delay{20};
constexpr std::chrono::hours never{24 * 365 * 10};

// Where a receiver puts the temporary files of a batch; what a subtree of it holds is compared
// again anyway.
std::vector<std::string> parents_of(const plan::Batch& batch)
{
    std::set<std::string> parents;
    for (const plan::DirtyPath& dirty : batch.paths)
        if (!dirty.path.empty() && dirty.look != plan::Look::listing)
            parents.emplace(parent_of(dirty.path));
    return {parents.begin(), parents.end()};
}

std::string event_json(const std::string& destination, const std::string& message)
{
    boost::json::object object;
    object["destination"] = destination;
    object["message"] = message;
    return boost::json::serialize(object);
}

}  // namespace

transport::Endpoint endpoint_of(const config::Destination& destination)
{
    transport::Endpoint endpoint;
    endpoint.host = destination.url.host;
    endpoint.port = destination.url.port;
    endpoint.module = destination.url.module;
    endpoint.path = destination.url.path;
    endpoint.user = destination.url.user;
    endpoint.timeout = destination.timeout;
    if (destination.password_file)
        endpoint.password = config::read_password_file(*destination.password_file).reveal();
    return endpoint;
}

transport::PushOptions push_options_of(const config::Mapping& mapping,
                                       const config::Destination& destination)
{
    transport::PushOptions options;
    options.links = mapping.preserve.links;
    options.perms = mapping.preserve.perms;
    options.times = mapping.preserve.times;
    options.owner = mapping.preserve.owner;
    options.group = mapping.preserve.group;
    options.devices = mapping.preserve.devices;
    options.specials = mapping.preserve.specials;
    options.hard_links = mapping.preserve.hard_links;
    options.acls = mapping.preserve.acls;
    options.xattrs = mapping.preserve.xattrs;
    options.sparse = mapping.preserve.sparse;
    options.numeric_ids = mapping.numeric_ids;
    options.checksum = mapping.checksum;
    options.whole_file = mapping.whole_file;
    options.timeout_s = static_cast<std::uint32_t>(std::max<std::int64_t>(
        1, std::chrono::ceil<std::chrono::seconds>(destination.timeout).count()));
    return options;
}

Destination::Destination(config::Mapping mapping, config::Destination config, DestinationHost host)
    : mapping_(std::move(mapping)),
      config_(std::move(config)),
      host_(std::move(host)),
      dirty_(mapping_.queue.max_pending),
      budget_(mapping_.max_delete),
      work_(host_.control),
      changed_(host_.control),
      cancelled_(std::make_shared<std::atomic<bool>>(false)),
      random_(std::random_device{}()),
      batch_max_(mapping_.batch.max_files)
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
    work_.notify_all();
    changed_.notify_all();
    cancel_.emit(asio::cancellation_type::terminal);
}

void Destination::mark(const std::string& path, plan::Look look, TimePoint now)
{
    dirty_.add(path, look, now);
    work_.notify_all();
}

void Destination::allow(bool sending, push::SourceIdentity identity)
{
    // Trouble with the source is over once the mapping says so.
    if (sending && session_trouble_ && session_trouble_->kind == ErrorKind::source) {
        session_trouble_.reset();
        not_before_.reset();
    }
    allowed_ = sending;
    identity_ = identity;
    work_.notify_all();
    changed_.notify_all();
}

void Destination::resume(bool accept_deletes)
{
    if (accept_deletes) accept_deletes_ = true;
    deletes_withheld_ = false;
    not_before_.reset();
    attempts_ = 0;
    dirty_.make_all_due(Clock::now());
    work_.notify_all();
}

void Destination::retry_failed_paths(TimePoint now)
{
    if (deletes_withheld_) return;
    dirty_.make_all_due(now);
    work_.notify_all();
}

// ---- the loop

bool Destination::may_send(TimePoint now) const
{
    return allowed_ && !stopping_ && dirty_.has_due(now) && (!not_before_ || *not_before_ <= now);
}

Destination::TimePoint Destination::next_moment(TimePoint now) const
{
    TimePoint next = now + never;
    if (!allowed_) return next;
    if (not_before_ && *not_before_ > now) return *not_before_;
    if (const std::optional<TimePoint> due = dirty_.next_due()) next = std::min(next, *due);
    return next;
}

asio::awaitable<void> Destination::loop(std::shared_ptr<Destination> self)
{
    while (!self->stopping_) {
        const TimePoint now = Clock::now();
        if (!self->may_send(now)) {
            self->note_state();
            const TimePoint until = self->next_moment(now);
            co_await self->work_.wait_until(until);
            continue;
        }
        plan::Batch batch = self->dirty_.take(self->batch_max_, now);
        co_await self->push_once(std::move(batch));
        self->host_.changed();
        self->changed_.notify_all();
    }
}

asio::awaitable<void> Destination::push_once(plan::Batch batch)
{
    pushing_ = true;
    note_state();
    push::PushJob job = job_for(batch);
    std::exception_ptr failure;
    push::PushReport report;
    const auto strand = asio::make_strand(host_.transfer);
    try {
        report =
            co_await asio::co_spawn(strand, push::push_batch(std::move(job)), asio::use_awaitable);
    } catch (...) {
        failure = std::current_exception();
    }
    pushing_ = false;
    const TimePoint now = Clock::now();
    if (!failure) {
        acknowledge(batch, std::move(report), now);
        co_return;
    }
    if (stopping_) co_return;
    try {
        std::rethrow_exception(failure);
    } catch (const push::BrokenPush& error) {
        failed(batch, error, now, parents_of(batch));
    } catch (const Error& error) {
        failed(batch, error, now);
    } catch (const std::exception& error) {
        failed(batch, Error(ErrorKind::local, Remedy::retry, error.what()), now);
    }
}

push::PushJob Destination::job_for(plan::Batch batch)
{
    push::PushJob job;
    job.source = mapping_.source;
    job.identity = identity_;
    job.endpoint = [config = config_] { return endpoint_of(config); };
    job.options = push_options_of(mapping_, config_);
    job.filter_rules = host_.filter_rules;
    job.observe.acls = mapping_.preserve.acls;
    job.observe.xattrs = mapping_.preserve.xattrs;
    job.observe.one_file_system = mapping_.one_file_system;
    job.observe.excluded = host_.excluded;
    const config::Delete remove = mapping_.remove;
    job.plan.delete_live = remove == config::Delete::yes || remove == config::Delete::live;
    job.plan.delete_compare = remove == config::Delete::yes || remove == config::Delete::full_sync;
    job.plan.accept_empty = accept_empty_;
    if (!accept_deletes_) job.plan.deletes_max = budget_.left(host_.entries(), Clock::now());
    job.batch = std::move(batch);
    job.links = links_;
    job.cancelled = cancelled_;
    return job;
}

// ---- what became of it

// The daemon complained and we do not know about which path: smaller batches tell, down to one
// path.
void Destination::split_after_unattributed(const plan::Batch& batch, push::PushReport& report)
{
    if (batch.paths.size() > 1) {
        batch_max_ = (batch.paths.size() + 1) / 2;
        return;
    }
    for (const plan::DirtyPath& dirty : batch.paths) {
        PathFailure failure;
        failure.path = dirty.path;
        failure.kind = ErrorKind::protocol;
        failure.message = report.unattributed.front();
        report.failures.push_back(std::move(failure));
    }
}

void Destination::acknowledge(const plan::Batch& batch, push::PushReport report, TimePoint now)
{
    sessions_ += report.sessions;
    if (report.peer) peer_ = *report.peer;
    sent_.files_sent += report.figures.files_sent;
    sent_.files_deleted += report.figures.files_deleted;
    sent_.bytes_sent += report.figures.bytes_sent;
    sent_.bytes_received += report.figures.bytes_received;
    sent_.literal_bytes += report.figures.literal_bytes;
    sent_.matched_bytes += report.figures.matched_bytes;
    if (report.sessions > 0) {
        session_trouble_.reset();
        attempts_ = 0;
        not_before_.reset();
    }

    if (!report.unattributed.empty()) {
        split_after_unattributed(batch, report);
        if (batch.paths.size() > 1) {
            dirty_.give_back(batch, now);
            log::debug("push", "told apart in smaller batches",
                       {{"destination", url()}, {"message", report.unattributed.front()}});
            return;
        }
    } else {
        batch_max_ = std::min(mapping_.batch.max_files, std::max<std::size_t>(batch_max_ * 2, 1));
    }
    budget_.spend(report.deletions, now);
    accept_empty_ = false;

    std::vector<plan::DirtySet::Again> again;
    std::set<std::string_view> failed_paths;
    Trouble trouble;
    const plan::RetryTimes times{config_.retry.initial, config_.retry.max};
    std::unordered_map<std::string_view, std::uint32_t> attempts;
    for (const plan::DirtyPath& dirty : batch.paths) attempts.emplace(dirty.path, dirty.attempts);
    const auto attempts_before = [&](const std::string& path) {
        const auto own = attempts.find(path);
        return own != attempts.end() ? own->second : dirty_.attempts(path);
    };
    for (const PathFailure& failure : report.failures) {
        if (!failed_paths.insert(failure.path).second) continue;
        const bool unlisted = std::find(report.unlisted.begin(), report.unlisted.end(),
                                        failure.path) != report.unlisted.end();
        const plan::Look look = unlisted ? plan::Look::subtree : plan::Look::content;
        if (failure.vanished) {
            again.push_back({failure.path, look, now + vanished_delay, false});
            continue;
        }
        const auto delay = plan::retry_delay(times, attempts_before(failure.path) + 1,
                                             static_cast<std::uint32_t>(random_()));
        again.push_back({failure.path, look, now + delay});
        if (trouble.paths.empty()) {
            trouble.kind = failure.kind;
            trouble.remedy = Remedy::skip_path;
            trouble.message = failure.message;
        }
        trouble.paths.push_back(failure.path);
    }
    if (!trouble.paths.empty()) remember(std::move(trouble));

    if (!report.withheld.empty() || report.max_delete_hit) {
        deletes_withheld_ = true;
        for (const std::string& path : report.withheld)
            if (failed_paths.insert(path).second)
                again.push_back({path, plan::Look::content, now + never});
        if (report.max_delete_hit)
            for (const plan::DirtyPath& dirty : batch.paths)
                if (dirty.look >= plan::Look::listing && failed_paths.insert(dirty.path).second)
                    again.push_back({dirty.path, dirty.look, now + never});
        Trouble stop;
        stop.kind = ErrorKind::max_delete;
        stop.remedy = Remedy::needs_person;
        stop.message = "more deletions than max_delete allows; everything else was sent";
        stop.paths = report.withheld;
        remember(std::move(stop));
    } else if (accept_deletes_ && again.empty()) {
        accept_deletes_ = false;
    }

    std::size_t arrived = 0;
    for (const plan::DirtyPath& dirty : batch.paths) {
        if (failed_paths.contains(dirty.path)) continue;
        ++arrived;
        latency_.record(now - dirty.since);
    }
    dirty_.settle(batch, again, now);
    if (report.links_unknown) dirty_.add(std::string(), plan::Look::subtree, now);
    if (dirty_.empty()) {
        in_step_at_ = std::chrono::system_clock::now();
        last_trouble_.reset();
    }
    host_.publish("send", event_json(url(), std::to_string(arrived) + " paths arrived"));
    note_state();
}

void Destination::failed(const plan::Batch& batch, const Error& error, TimePoint now,
                         const std::vector<std::string>& listings)
{
    ++sessions_;
    ++attempts_;
    ++retries_;
    const plan::RetryTimes times{config_.retry.initial, config_.retry.max};
    // The source is looked at again as soon as the mapping knows better; a person is not hurried.
    const auto delay =
        error.remedy() == Remedy::needs_person
            ? config_.retry.max
            : plan::retry_delay(times, attempts_, static_cast<std::uint32_t>(random_()));
    not_before_ = now + delay;
    Trouble trouble;
    trouble.kind = error.kind();
    trouble.remedy = error.remedy();
    trouble.message = error.what();
    session_trouble_ = trouble;
    remember(std::move(trouble));
    dirty_.give_back(batch, now, listings);
    note_state();
}

void Destination::remember(Trouble trouble)
{
    ++errors_;
    trouble.at = std::chrono::system_clock::now();
    trouble.advice = advice_for(trouble.kind);
    if (trouble.paths.size() > paths_shown_max) trouble.paths.resize(paths_shown_max);
    const bool same = last_trouble_ && last_trouble_->message == trouble.message;
    if (session_trouble_) *session_trouble_ = trouble;
    log::write(same ? log::Level::debug : log::Level::warn, "push", trouble.message,
               {{"mapping", mapping_.name},
                {"destination", url()},
                {"kind", std::string(name_of(trouble.kind))}});
    host_.publish("error", event_json(url(), trouble.message));
    last_trouble_ = std::move(trouble);
}

// ---- what is told

status::DestinationState Destination::state(TimePoint now) const
{
    using status::DestinationState;
    if (session_trouble_)
        return session_trouble_->remedy == Remedy::needs_person ? DestinationState::stopped
                                                                : DestinationState::waiting;
    if (deletes_withheld_) return DestinationState::stopped;
    if (dirty_.empty())
        return in_step_at_ ? DestinationState::in_step : DestinationState::connecting;
    if (pushing_ || dirty_.has_due(now))
        return in_step_at_ || pushing_ ? DestinationState::syncing : DestinationState::connecting;
    return DestinationState::waiting;
}

void Destination::note_state()
{
    const status::DestinationState now = state(Clock::now());
    if (noted_state_ == now) return;
    const bool quiet = now == status::DestinationState::syncing ||
                       (noted_state_ == status::DestinationState::syncing &&
                        now == status::DestinationState::in_step);
    noted_state_ = now;
    log::write(quiet ? log::Level::debug : log::Level::info, "destination",
               std::string(status::name_of(now)),
               {{"mapping", mapping_.name}, {"destination", url()}});
    host_.publish("state", event_json(url(), std::string(status::name_of(now))));
}

std::vector<std::string> Destination::outstanding(std::uint64_t mark) const
{
    return dirty_.outstanding(mark, paths_shown_max);
}

std::string Destination::describe_trouble() const
{
    std::string text = url() + ": " + std::string(status::name_of(state(Clock::now()))) + ", " +
                       std::to_string(dirty_.pending()) + " paths outstanding";
    if (last_trouble_) text += ": " + last_trouble_->message;
    return text;
}

std::string Destination::hopeless(std::uint64_t mark, TimePoint since) const
{
    if (session_trouble_ && session_trouble_->remedy == Remedy::needs_person)
        return describe_trouble();
    if (deletes_withheld_ && !dirty_.reached(mark)) return describe_trouble();
    if (dirty_.only_failures(mark, since)) return describe_trouble();
    return {};
}

status::Destination Destination::snapshot(TimePoint now) const
{
    status::Destination told;
    told.url = url();
    told.state = state(now);
    told.pending = dirty_.pending();
    if (const std::optional<TimePoint> since = dirty_.oldest_since())
        told.lag = std::chrono::duration_cast<std::chrono::milliseconds>(now - *since);
    told.in_step_at = in_step_at_;
    const auto wall = [&](TimePoint when) {
        return std::chrono::system_clock::now() +
               std::chrono::duration_cast<std::chrono::system_clock::duration>(when - now);
    };
    if (not_before_ && *not_before_ > now)
        told.retry_at = wall(*not_before_);
    else if (told.state == status::DestinationState::waiting && dirty_.next_due())
        told.retry_at = wall(*dirty_.next_due());
    told.protocol = peer_.protocol;
    told.checksum = peer_.checksum;
    told.compress = peer_.compress;
    told.files_sent = sent_.files_sent;
    told.files_deleted = sent_.files_deleted;
    told.bytes_sent = sent_.bytes_sent;
    told.literal_bytes = sent_.literal_bytes;
    told.matched_bytes = sent_.matched_bytes;
    told.sessions = sessions_;
    told.retries = retries_;
    told.errors = errors_;
    told.latency = latency_.value();
    if (last_trouble_) {
        status::LastError error;
        error.at = last_trouble_->at;
        error.kind = name_of(last_trouble_->kind);
        error.message = last_trouble_->message;
        for (const std::string& path : last_trouble_->paths) error.paths.push_back(escaped(path));
        error.advice = last_trouble_->advice;
        told.last_error = std::move(error);
    }
    return told;
}

}  // namespace lockstep::agent
