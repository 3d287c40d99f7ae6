#include "agent/push/pusher.h"

#include "agent/push/follow_links.h"
#include "agent/push/moved_files.h"
#include "agent/push/pieces_ahead.h"
#include "agent/push/set_aside.h"
#include "agent/push/side_by_side.h"
#include "agent/push/source_files.h"
#include "agent/push/step_options.h"
#include "agent/push/unproven.h"
#include "base/log.h"
#include "base/path.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <set>

namespace lockstep::push {
namespace {

using transport::PathFailure;

constexpr std::size_t entries_to_try_line = 256;
constexpr std::chrono::milliseconds slot_delay_first{20};
constexpr std::chrono::milliseconds slot_delay_max{1000};

Beneath open_source(const PushJob& job)
{
    Beneath source(job.source, job.observe.one_file_system, job.follow);
    struct stat status {};
    if (const int error = source.status(std::string_view(), status); error != 0)
        throw_errno(ErrorKind::source, Remedy::retry, "stat", job.source, error);
    if (SourceIdentity{status.st_dev, status.st_ino} != job.identity)
        throw Error(ErrorKind::source, Remedy::retry,
                    "source " + quoted(job.source) + " is not the directory it was");
    return source;
}

bool sees_whole_source(const plan::Batch& batch)
{
    return std::any_of(batch.paths.begin(), batch.paths.end(), [](const plan::DirtyPath& dirty) {
        return dirty.path.empty() && dirty.look == plan::Look::subtree;
    });
}

using DeletionsMax = std::optional<std::uint64_t>;  // none: as many as there are

boost::asio::awaitable<transport::PushOutcome> push_over(SessionPool::Taken taken, PushJob& job,
                                                         const Beneath& source,
                                                         const transport::PushList& list,
                                                         PushReport& report)
{
    ++report.sessions;
    report.peer = taken.session->peer();
    SourceFiles files(source, job.read_files.get());
    try {
        transport::PushOutcome outcome =
            co_await taken.session->push(list, files, job.progress.get());
        report.held.insert(report.held.end(), files.held().begin(), files.held().end());
        co_return outcome;
    } catch (const transport::EndedByPath& error) {
        throw BrokenPush(error, error.path());
    } catch (const Error& error) {
        throw BrokenPush(error, std::nullopt, taken.session->expected().has_value());
    }
}

std::set<std::string> unasked_of(const transport::PushList& list)
{
    std::set<std::string> paths;
    for (const transport::Entry& entry : list.entries)
        if (entry.unasked != transport::Unasked::no) paths.insert(entry.path);
    return paths;
}

// A daemon that gives up over a path has ended by itself.
void note_lost(const Error& error, const transport::PushList& list, bool for_large, PushJob& job)
{
    if (!may_have_begun(error)) return;
    if (for_large) job.large->lost(list);
    if (!dynamic_cast<const BrokenPush&>(error).path()) job.lost.add(error, list);
}

// What came unasked may have failed for that alone: others may have taken its directory away. It
// goes again at once, and waits to be asked for; so does what was not answered.
void ask_for_failures(const std::set<std::string>& unasked, const transport::PushList& list,
                      PushJob& job, transport::PushOutcome& outcome)
{
    for (PathFailure& failure : outcome.failures) {
        const bool unanswered = list.reports_unanswered && failure.vanished;
        if (!unanswered && !unasked.contains(failure.path)) continue;
        job.unasked->wait_next_time(failure.path);
        failure.vanished = true;
    }
}

// A session of the push, for as long as it may hold a slot of the daemon.
class UnderWay {
public:
    explicit UnderWay(PushJob& job) : job_(job) { ++job_.under_way; }
    ~UnderWay() { --job_.under_way; }
    UnderWay(const UnderWay&) = delete;
    UnderWay& operator=(const UnderWay&) = delete;

private:
    PushJob& job_;
};

bool choose_for_large_files(const PushJob& job, const plan::Step& step,
                            transport::PushOptions& options)
{
    return job.large && !job.sessions->refusals().contains(Ask::large_files) &&
           job.large->choose(step, job.index.get(), options);
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

// What a daemon refuses is not asked of it again. False when the step cannot do without.
bool leave_out_refused(const Error& error, const Asks& asked, PushJob& job, plan::Step& step)
{
    const std::optional<Ask> refused = refused_of(asked, error);
    if (!refused || job.is_cancelled()) return false;
    tell_refusal(job, *refused, error);
    job.sessions->refusals().add(*refused);
    if (*refused == Ask::appends || *refused == Ask::overwrites) go_the_usual_way(step);
    return true;
}

boost::asio::awaitable<transport::PushOutcome> try_step(PushJob& job, const Beneath& source,
                                                        plan::Step& step, PushReport& report,
                                                        DeletionsMax deletions_max, Asks& asked)
{
    StepOptions with =
        options_for(step, job.options, job.filter_rules, job.sessions->refusals(), deletions_max);
    transport::PushOptions options = std::move(with.options);
    const bool for_large = choose_for_large_files(job, step, options);
    const std::uint32_t block_bytes = options.block_bytes;
    asked = with.asks;
    if (for_large) asked.add(Ask::large_files);
    if (job.unasked)
        job.unasked->choose(step.list);
    else
        Unasked::choose_none(step.list);
    const std::set<std::string> unasked = unasked_of(step.list);
    Doubt doubt = Doubt::none;
    bool doubtful = false;
    try {
        transport::PushOptions same = options;
        SessionPool::Taken taken = co_await job.sessions->take(std::move(same));
        doubtful = taken.doubtful;
        transport::PushOutcome outcome =
            co_await push_over(std::move(taken), job, source, step.list, report);
        ask_for_failures(unasked, step.list, job, outcome);
        if (job.large) job.large->arrived(step.list, outcome, block_bytes);
        co_return outcome;
    } catch (const Error& error) {
        note_lost(error, step.list, for_large, job);
        if (!refused_of(asked, error)) doubt = doubt_about(error, doubtful, !unasked.empty());
        if (doubt == Doubt::none || job.is_cancelled()) throw;
        log::debug("push", "once more, step by step: " + std::string(error.what()));
    }
    Unasked::choose_none(step.list);
    SessionPool::Taken fresh;
    fresh.session = co_await job.sessions->connect(std::move(options));
    try {
        transport::PushOutcome outcome =
            co_await push_over(std::move(fresh), job, source, step.list, report);
        if (doubt == Doubt::unasked) job.unasked->give_up();
        if (job.large) job.large->arrived(step.list, outcome, block_bytes);
        co_return outcome;
    } catch (const Error& error) {
        note_lost(error, step.list, for_large, job);
        throw;
    }
}

// The daemon may be ending the session of the step before still, whose slot is taken until then, or
// have none for more than one of ours.
boost::asio::awaitable<transport::PushOutcome> push_step(PushJob& job, const Beneath& source,
                                                         plan::Step& step, PushReport& report,
                                                         DeletionsMax deletions_max = {})
{
    boost::asio::steady_timer timer(job.sessions->strand());
    for (std::chrono::milliseconds delay = slot_delay_first;; delay *= 2) {
        Asks asked;
        try {
            const UnderWay counted(job);
            transport::PushOutcome outcome =
                co_await try_step(job, source, step, report, deletions_max, asked);
            job.had_session = true;
            co_return outcome;
        } catch (const Error& error) {
            if (leave_out_refused(error, asked, job, step)) continue;
            const bool own_slot =
                error.kind() == ErrorKind::busy && (job.had_session || job.under_way > 0);
            if (!own_slot || job.is_cancelled()) throw;
            if (job.under_way > 0)
                delay = slot_delay_first;
            else if (delay > slot_delay_max)
                throw;
            job.connections = 1;
        }
        timer.expires_after(delay);
        co_await timer.async_wait(boost::asio::use_awaitable);
    }
}

// Of the deletions that are left each session gets a part which no other may use, and what it did
// not need comes back. Who would have needed more goes once more when it is alone.
boost::asio::awaitable<transport::PushOutcome> push_compare(PushJob& job, const Beneath& source,
                                                            plan::Step& step, PushReport& report)
{
    DeletionsMax& left = job.plan.deletes_max;
    DeletionsMax part = left;
    const bool all = job.connections == 1;
    if (part && !all) *part /= 2;
    if (left) *left -= *part;
    transport::PushOutcome outcome = co_await push_step(job, source, step, report, part);
    if (left) *left += *part - std::min(*part, outcome.figures.files_deleted);
    if (outcome.max_delete_hit && !all) {
        outcome.max_delete_hit = false;
        job.once_more.push_back(std::move(step));
    }
    co_return outcome;
}

// What was moved is looked at like an attribute from then on. That it could not be is no failure.
boost::asio::awaitable<void> push_moves(PushJob& job, const Beneath& source,
                                        const Observation& observation, plan::Batch& batch,
                                        PushReport& report)
{
    std::vector<plan::MovedFile> files = moved_files(batch, observation, *job.index);
    if (!batch.moves.empty())
        log::debug("push", "files that were only moved: " + std::to_string(files.size()));
    std::vector<plan::Step> steps = plan::move_steps(std::move(files), observation.observed);
    std::set<std::string> moved;
    bool refused = false;
    for (plan::Step& step : steps) {
        for (const transport::Entry& entry : step.list.entries)
            if (entry.is_regular() && !entry.only_there) moved.insert(entry.path);
        transport::PushOutcome outcome;
        try {
            outcome = co_await push_step(job, source, step, report);
        } catch (const Error& error) {
            const bool about_moves =
                error.kind() == ErrorKind::refused_option || error.kind() == ErrorKind::protocol;
            if (!about_moves) throw;
            log::debug("push", "nothing is moved there: " + std::string(error.what()));
            refused = true;
        }
        if (refused) {
            job.sessions->refusals().add(Ask::moves);
            co_return;
        }
        for (const PathFailure& failure : outcome.failures) {
            log::debug("push", "not moved: " + failure.message);
            moved.erase(failure.path);
        }
        report.figures += outcome.figures;
        if (!outcome.unattributed.empty()) co_return;
    }
    for (plan::DirtyPath& dirty : batch.paths)
        if (moved.contains(dirty.path)) dirty.look = plan::Look::attributes;
}

bool may_append(const PushJob& job)
{
    return job.grown && job.append_only && !job.sessions->refusals().contains(Ask::appends);
}

// Which files go a way of their own. Of one that only grows and has not grown the content is not
// sent: the close of a log comes after all of it, as often as not. What `seen` says of the others
// that only grow is there, too, once all has arrived.
GrownFiles::Seen choose_ways(const PushJob& job, const Beneath& source, plan::Batch& batch,
                             plan::Observed& observed)
{
    GrownFiles::Seen seen;
    const bool overwrites = job.in_place && !job.sessions->refusals().contains(Ask::overwrites);
    if (!may_append(job) && !overwrites) return seen;
    HeldDirectory near(source);
    using Lacks = GrownFiles::Lacks;
    const auto choose = [&](transport::Entry& entry) {
        if (!entry.is_regular() || entry.link_count > 1) return Lacks::content;
        if (overwrites && job.in_place(entry.path)) entry.way = transport::Way::in_place;
        if (!may_append(job) || !job.append_only(entry.path)) return Lacks::content;
        return job.grown->look_at(near, entry, seen);
    };
    for (plan::DirtyPath& dirty : batch.paths) {
        const auto found = observed.at.find(dirty.path);
        if (found == observed.at.end() || !found->second) continue;
        if (choose(*found->second) == Lacks::nothing) dirty.look = plan::Look::attributes;
    }
    for (plan::ObservedSubtree& subtree : observed.subtrees)
        for (transport::Entry& entry : subtree.entries) choose(entry);
    if (job.grown) job.grown->begun(seen);
    return seen;
}

void note_arrived(PushJob& job, const PushReport& report, GrownFiles::Seen seen)
{
    if (!job.grown || !report.unattributed.empty()) return;
    for (const PathFailure& failure : report.failures) seen.erase(failure.path);
    for (const std::string& path : report.held) seen.erase(path);
    job.grown->arrived(std::move(seen));
}

bool may_move(const PushJob& job)
{
    return job.index && job.plan.delete_live && !job.options.checksum &&
           !job.sessions->refusals().contains(Ask::moves);
}

// A file that fails would fail again whenever something above it is compared, and perhaps end the
// session; it has its own turn. Names of linked files go together.
void hold_back(const std::set<std::string>& not_now, plan::Step& step)
{
    if (not_now.empty()) return;
    for (transport::Entry& entry : step.list.entries)
        if (entry.is_regular() && !entry.is_linked() && not_now.contains(entry.path)) {
            entry.only_there = true;
            entry.unasked = transport::Unasked::no;
        }
}

// One session after another: each may rely on the one before.
boost::asio::awaitable<PushReport> push_piece(PushJob& job, const Beneath& source,
                                              Pieces::Piece piece, FollowLinks how)
{
    PushReport report;
    Observation& observation = piece.observation;
    if (!observation.observed.at[std::string()])
        throw Error(ErrorKind::source, Remedy::retry,
                    "source " + quoted(job.source) + " cannot be read");
    if (job.index)
        note_unproven(*job.index, job.destination, job.destination_known, piece.batch, observation);
    if (job.links) {
        const bool unknown =
            follow_links(source, job.observe, *job.links, piece.batch, observation, how);
        report.links_unknown = unknown;
    }
    set_aside(observation.unobserved, piece.batch, report);
    report.held = hold_open_files(source, job.open_files, job.index.get(), observation.observed,
                                  piece.batch, std::chrono::steady_clock::now());
    if (may_move(job)) co_await push_moves(job, source, observation, piece.batch, report);
    GrownFiles::Seen seen = choose_ways(job, source, piece.batch, observation.observed);
    plan::Plan planned = plan::make_plan(piece.batch, std::move(observation.observed), job.plan);
    // Where nothing has to be sent, nothing that was seen need be at the destination.
    if (!planned.steps.empty()) report.saw(std::move(observation.sightings));
    piece = Pieces::Piece();  // its entries are in the lists now
    report.withheld = std::move(planned.withheld);
    report.deletions = planned.deletions;
    if (job.plan.deletes_max)
        *job.plan.deletes_max -= std::min<std::uint64_t>(*job.plan.deletes_max, report.deletions);

    for (plan::Step& step : planned.steps) {
        hold_back(job.not_now, step);
        transport::PushOutcome outcome;
        if (step.delete_extras)
            outcome = co_await push_compare(job, source, step, report);
        else
            outcome = co_await push_step(job, source, step, report);
        report.add(std::move(outcome));
    }
    note_arrived(job, report, std::move(seen));
    co_return report;
}

// A push under way. Owned by all that take part.
struct Pushing {
    Pushing(PushJob all, std::shared_ptr<const Beneath> root)
        : job(std::move(all)), source(std::move(root))
    {
    }

    // The last that came is kept: it is acknowledged with the batch.
    void arrived(PushReport piece)
    {
        if (job.arrived && last.unattributed.empty() && !last.sightings.empty()) job.arrived(last);
        report.add(std::move(last));
        last = std::move(piece);
    }

    PushJob job;
    std::shared_ptr<const Beneath> source;
    PushReport report;
    PushReport last;
};

boost::asio::awaitable<void> push_beside(std::shared_ptr<Pushing> all, Pieces::Piece piece,
                                         FollowLinks how)
{
    PushReport report = co_await push_piece(all->job, *all->source, std::move(piece), how);
    all->arrived(std::move(report));
}

// Pieces are of disjoint directories, each in full. One that stands alone relies on those before it
// or is relied on by those after it.
boost::asio::awaitable<void> push_pieces(std::shared_ptr<Pushing> all, SideBySide& beside)
{
    PushJob& job = all->job;
    const bool whole = sees_whole_source(job.batch);
    if (job.unasked) job.unasked->begun(job.batch);
    if (job.links) job.links->saw(job.links_seen);
    if (job.links) job.links->moved(job.links_moved);
    if (job.links && whole) job.links->whole_source_begins(std::chrono::steady_clock::now());
    // What was moved may be taken from a file that another piece replaces.
    if (!job.batch.moves.empty()) job.connections = 1;
    // What is found out about the line by the first is for all others.
    const bool tries_line = job.sessions->guesses_line(job.options);
    Pieces::EntriesMax entries_max{job.piece_entries, job.piece_entries};
    if (tries_line) entries_max.first = std::min(entries_max.first, entries_to_try_line);
    PiecesAhead pieces(job.sessions->pool(), all->source, job.observe, std::move(job.batch),
                       entries_max, job.cancelled);
    FollowLinks how{.whole_source = whole, .first_piece = true};
    for (;;) {
        std::optional<Pieces::Piece> piece = co_await pieces.next();
        if (job.is_cancelled()) throw Error(ErrorKind::local, Remedy::retry, "stopped");
        if (!piece) break;
        const bool owes = how.first_piece && job.links && !job.links->joined().empty();
        const bool alone = piece->alone || owes || (how.first_piece && tries_line);
        const std::size_t room = alone ? 1 : job.connections;
        co_await beside.fewer_than(room);
        if (alone)
            co_await push_beside(all, std::move(*piece), how);
        else
            beside.start(push_beside(all, std::move(*piece), how));
        how.first_piece = false;
    }
    co_await beside.fewer_than(1);
    job.connections = 1;
    for (plan::Step& step : job.once_more) {
        transport::PushOutcome outcome =
            co_await push_compare(job, *all->source, step, all->report);
        all->report.add(std::move(outcome));
    }
    all->report.add(std::move(all->last));
    if (job.links && all->report.unattributed.empty()) job.links->arrived();
    if (job.links && whole) job.links->whole_source_seen(std::chrono::steady_clock::now());
}

}  // namespace

boost::asio::awaitable<PushReport> push_batch(PushJob job)
{
    const std::shared_ptr<SessionPool> sessions = job.sessions;
    const auto source = std::make_shared<const Beneath>(open_source(job));
    const auto all = std::make_shared<Pushing>(std::move(job), source);
    SideBySide beside(sessions->strand());
    try {
        co_await beside.run(push_pieces(all, beside));
    } catch (const Error& error) {
        // Whatever ended the push, sessions may have been lost before.
        const auto* broken = dynamic_cast<const BrokenPush*>(&error);
        const bool begun = all->job.had_session || all->job.lost.any || may_have_begun(error);
        if (broken == nullptr && !begun) throw;
        throw BrokenPush(error, broken != nullptr ? broken->path() : std::nullopt, begun,
                         std::move(all->job.lost));
    }
    PushReport report = std::move(all->report);
    report.lost = std::move(all->job.lost);
    co_return report;
}

}  // namespace lockstep::push
