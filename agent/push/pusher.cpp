#include "agent/push/pusher.h"

#include "agent/push/follow_links.h"
#include "agent/push/moved_files.h"
#include "agent/push/pieces_ahead.h"
#include "agent/push/set_aside.h"
#include "agent/push/side_by_side.h"
#include "agent/push/step_pusher.h"
#include "agent/push/unproven.h"
#include "agent/push/ways.h"
#include "base/log.h"
#include "base/path.h"

#include <algorithm>
#include <set>

namespace lockstep::push {
namespace {

using transport::PathFailure;

constexpr std::size_t entries_to_try_line = 256;

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

// A push under way. Owned by all that take part.
struct Pushing {
    Pushing(PushJob all, std::shared_ptr<const Beneath> root)
        : job(std::move(all)),
          source(std::move(root)),
          steps(job, *source),
          deletions(job.plan.deletes_max)
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
    StepPusher steps;
    DeletionsLeft deletions;
    std::vector<plan::Step> once_more;  // compares whose part of the deletions was too small
    PushReport report;
    PushReport last;
};

// Who would have needed more deletions than its part goes once more when it is alone.
boost::asio::awaitable<transport::PushOutcome> push_compare(Pushing& all, plan::Step& step,
                                                            PushReport& report)
{
    const bool alone = all.steps.connections() == 1;
    const DeletionsLeft::Max part = alone ? all.deletions.take_all() : all.deletions.take_half();
    transport::PushOutcome outcome = co_await all.steps.push(step, report, part);
    all.deletions.give_back(part, outcome.figures.files_deleted);
    if (outcome.max_delete_hit && !alone) {
        outcome.max_delete_hit = false;
        all.once_more.push_back(std::move(step));
    }
    co_return outcome;
}

bool may_move(const PushJob& job)
{
    return job.index && job.plan.delete_live && !job.options.checksum &&
           !job.sessions->refusals().contains(Ask::moves);
}

// What was moved is looked at like an attribute from then on. That it could not be is no failure.
boost::asio::awaitable<void> push_moves(Pushing& all, const Observation& observation,
                                        plan::Batch& batch, PushReport& report)
{
    std::vector<plan::MovedFile> files = moved_files(batch, observation, *all.job.index);
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
            outcome = co_await all.steps.push(step, report);
        } catch (const Error& error) {
            const bool about_moves =
                error.kind() == ErrorKind::refused_option || error.kind() == ErrorKind::protocol;
            if (!about_moves) throw;
            log::debug("push", "nothing is moved there: " + std::string(error.what()));
            refused = true;
        }
        if (refused) {
            all.job.sessions->refusals().add(Ask::moves);
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
boost::asio::awaitable<PushReport> push_piece(Pushing& all, Pieces::Piece piece, FollowLinks how)
{
    const PushJob& job = all.job;
    const Beneath& source = *all.source;
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
    if (may_move(job)) co_await push_moves(all, observation, piece.batch, report);
    Ways ways(job);
    ways.choose(source, piece.batch, observation.observed);
    plan::PlanOptions options = job.plan;
    options.deletes_max = all.deletions.left();
    plan::Plan planned = plan::make_plan(piece.batch, std::move(observation.observed), options);
    // Where nothing has to be sent, nothing that was seen need be at the destination.
    if (!planned.steps.empty()) report.saw(std::move(observation.sightings));
    piece = Pieces::Piece();  // its entries are in the lists now
    report.withheld = std::move(planned.withheld);
    report.deletions = planned.deletions;
    all.deletions.spend(report.deletions);

    for (plan::Step& step : planned.steps) {
        hold_back(job.not_now, step);
        transport::PushOutcome outcome;
        if (step.delete_extras)
            outcome = co_await push_compare(all, step, report);
        else
            outcome = co_await all.steps.push(step, report);
        report.add(std::move(outcome));
    }
    ways.arrived(report);
    co_return report;
}

boost::asio::awaitable<void> push_beside(std::shared_ptr<Pushing> all, Pieces::Piece piece,
                                         FollowLinks how)
{
    PushReport report = co_await push_piece(*all, std::move(piece), how);
    all->arrived(std::move(report));
}

// Pieces are of disjoint directories, each in full. One that stands alone relies on those before it
// or is relied on by those after it.
boost::asio::awaitable<void> push_pieces(std::shared_ptr<Pushing> all, SideBySide& beside)
{
    PushJob& job = all->job;
    const bool whole = job.batch.has_whole_source();
    if (job.unasked) job.unasked->begun(job.batch);
    if (job.links) job.links->saw(job.links_seen);
    if (job.links) job.links->moved(job.links_moved);
    if (job.links && whole) job.links->whole_source_begins(std::chrono::steady_clock::now());
    // What was moved may be taken from a file that another piece replaces.
    if (!job.batch.moves.empty()) all->steps.go_alone();
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
        const std::size_t room = alone ? 1 : all->steps.connections();
        co_await beside.fewer_than(room);
        if (alone)
            co_await push_beside(all, std::move(*piece), how);
        else
            beside.start(push_beside(all, std::move(*piece), how));
        how.first_piece = false;
    }
    co_await beside.fewer_than(1);
    all->steps.go_alone();
    for (plan::Step& step : all->once_more) {
        transport::PushOutcome outcome = co_await push_compare(*all, step, all->report);
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
        const bool begun =
            all->steps.had_session() || all->steps.lost().any || may_have_begun(error);
        if (broken == nullptr && !begun) throw;
        throw BrokenPush(error, broken != nullptr ? broken->path() : std::nullopt, begun,
                         std::move(all->steps.lost()));
    }
    PushReport report = std::move(all->report);
    report.lost = std::move(all->steps.lost());
    co_return report;
}

}  // namespace lockstep::push
