#include "agent/push/step_pusher.h"

#include "agent/push/source_files.h"
#include "base/log.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace lockstep::push {
namespace {

using transport::PathFailure;
using transport::PushOutcome;

constexpr std::chrono::milliseconds slot_delay_first{20};
constexpr std::chrono::milliseconds slot_delay_max{1000};

// Counts itself for as long as it lives.
class Counted {
public:
    explicit Counted(std::size_t& count) : count_(count) { ++count_; }
    ~Counted() { --count_; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;

private:
    std::size_t& count_;
};

std::set<std::string> unasked_of(const transport::PushList& list)
{
    std::set<std::string> paths;
    for (const transport::Entry& entry : list.entries)
        if (entry.unasked != transport::Unasked::no) paths.insert(entry.path);
    return paths;
}

void go_the_usual_way(plan::Step& step)
{
    step.way = transport::Way::usual;
    for (transport::Entry& entry : step.list.entries) {
        entry.way = transport::Way::usual;
        entry.append_from = 0;
    }
}

void tell_refusal(const PushJob& job, Ask refused, const Error& error)
{
    log::Level level = log::Level::debug;
    std::string consequence = "deletions are asked for where there are some";
    if (refused == Ask::compression) {
        level = log::Level::info;
        consequence = "nothing is compressed there";
    } else if (refused == Ask::large_files) {
        level = log::Level::info;
        consequence = "large files are sent as others are";
    } else if (refused == Ask::appends) {
        level = log::Level::warn;
        consequence = "nothing is appended there, files that grow are sent as others";
    } else if (refused == Ask::overwrites) {
        level = log::Level::warn;
        consequence = "nothing is updated in place there, files are replaced";
    }
    log::write(level, "push", consequence, {{"source", job.source}, {"message", error.what()}});
}

}  // namespace

StepPusher::StepPusher(const PushJob& job, const Beneath& source)
    : job_(job), source_(source), refusals_(job.sessions->refusals()), connections_(job.connections)
{
}

// The daemon may be ending the session of the step before still, whose slot is taken until then, or
// have none for more than one of ours.
boost::asio::awaitable<PushOutcome> StepPusher::push(plan::Step& step, PushReport& report,
                                                     DeletionsLeft::Max deletions_max)
{
    boost::asio::steady_timer timer(job_.sessions->strand());
    for (std::chrono::milliseconds delay = slot_delay_first;; delay *= 2) {
        Attempt attempt = prepare(step, report, deletions_max);
        try {
            const Counted counted(under_way_);
            PushOutcome outcome = co_await try_step(attempt);
            had_session_ = true;
            co_return outcome;
        } catch (const Error& error) {
            if (leave_out_refused(error, attempt)) continue;
            const bool own_slot =
                error.kind() == ErrorKind::busy && (had_session_ || under_way_ > 0);
            if (!own_slot || job_.is_cancelled()) throw;
            if (under_way_ > 0)
                delay = slot_delay_first;
            else if (delay > slot_delay_max)
                throw;
            go_alone();
        }
        timer.expires_after(delay);
        co_await timer.async_wait(boost::asio::use_awaitable);
    }
}

StepPusher::Attempt StepPusher::prepare(plan::Step& step, PushReport& report,
                                        DeletionsLeft::Max deletions_max)
{
    StepOptions with = options_for(step, job_.options, job_.filter_rules, refusals_, deletions_max);
    if (job_.large && !refusals_.contains(Ask::large_files) &&
        job_.large->choose(step, job_.index.get(), with.options))
        with.asks.add(Ask::large_files);
    if (job_.unasked)
        job_.unasked->choose(step.list);
    else
        Unasked::choose_none(step.list);
    return {step, report, std::move(with), unasked_of(step.list)};
}

boost::asio::awaitable<PushOutcome> StepPusher::try_step(Attempt& attempt)
{
    Doubt doubt = Doubt::none;
    bool doubtful = false;
    try {
        transport::PushOptions options = attempt.with.options;
        SessionPool::Taken taken = co_await job_.sessions->take(std::move(options));
        doubtful = taken.doubtful;
        PushOutcome outcome = co_await push_over(std::move(taken), attempt);
        ask_for_failures(attempt, outcome);
        co_return outcome;
    } catch (const Error& error) {
        if (!refused_of(attempt.with.asks, error))
            doubt = doubt_about(error, doubtful, !attempt.unasked.empty());
        if (doubt == Doubt::none || job_.is_cancelled()) throw;
        log::debug("push", "once more, step by step: " + std::string(error.what()));
    }
    Unasked::choose_none(attempt.step.list);
    SessionPool::Taken fresh;
    transport::PushOptions options = attempt.with.options;
    fresh.session = co_await job_.sessions->connect(std::move(options));
    PushOutcome outcome = co_await push_over(std::move(fresh), attempt);
    if (doubt == Doubt::unasked) job_.unasked->give_up();
    co_return outcome;
}

boost::asio::awaitable<PushOutcome> StepPusher::push_over(SessionPool::Taken taken,
                                                          Attempt& attempt)
{
    PushReport& report = attempt.report;
    ++report.sessions;
    report.peer = taken.session->peer();
    SourceFiles files(source_, job_.read_files.get());
    const transport::PushList& list = attempt.step.list;
    std::optional<BrokenPush> broken;
    try {
        PushOutcome outcome = co_await taken.session->push(list, files, job_.progress.get());
        report.held.insert(report.held.end(), files.held().begin(), files.held().end());
        if (job_.large) job_.large->arrived(list, outcome, attempt.with.options.block_bytes);
        co_return outcome;
    } catch (const transport::EndedByPath& error) {
        broken.emplace(error, error.path());
    } catch (const Error& error) {
        broken.emplace(error, std::nullopt, taken.session->expected().has_value());
    }
    note_lost(*broken, attempt);
    throw BrokenPush(*broken);
}

// What came unasked may have failed for that alone: others may have taken its directory away. It
// goes again at once, and waits to be asked for; so does what was not answered.
void StepPusher::ask_for_failures(const Attempt& attempt, PushOutcome& outcome)
{
    for (PathFailure& failure : outcome.failures) {
        const bool unanswered = attempt.step.list.reports_unanswered && failure.vanished;
        if (!unanswered && !attempt.unasked.contains(failure.path)) continue;
        job_.unasked->wait_next_time(failure.path);
        failure.vanished = true;
    }
}

// A daemon that gives up over a path has ended by itself.
void StepPusher::note_lost(const BrokenPush& error, const Attempt& attempt)
{
    if (!may_have_begun(error)) return;
    const transport::PushList& list = attempt.step.list;
    if (attempt.with.asks.contains(Ask::large_files)) job_.large->lost(list);
    if (!error.path()) lost_.add(error, list);
}

// What a daemon refuses is not asked of it again. False when the step cannot do without.
bool StepPusher::leave_out_refused(const Error& error, Attempt& attempt)
{
    const std::optional<Ask> refused = refused_of(attempt.with.asks, error);
    if (!refused || job_.is_cancelled()) return false;
    tell_refusal(job_, *refused, error);
    refusals_.add(*refused);
    if (*refused == Ask::appends || *refused == Ask::overwrites) go_the_usual_way(attempt.step);
    return true;
}

}  // namespace lockstep::push
