#include "agent/push/pusher.h"

#include "base/path.h"

#include <algorithm>
#include <cerrno>
#include <set>
#include <unordered_set>

namespace lockstep::push {
namespace {

using transport::PathFailure;

Beneath open_source(const PushJob& job)
{
    Beneath source(job.source, job.observe.one_file_system);
    struct stat status {};
    if (const int error = source.status(std::string_view(), status); error != 0)
        throw_errno(ErrorKind::source, Remedy::retry, "stat", job.source, error);
    if (SourceIdentity{status.st_dev, status.st_ino} != job.identity)
        throw Error(ErrorKind::source, Remedy::retry,
                    "source " + quoted(job.source) + " is not the directory it was");
    return source;
}

PathFailure failure_of(const Unobserved& unobserved)
{
    PathFailure failure;
    failure.path = unobserved.path;
    failure.kind = unobserved.error == EACCES || unobserved.error == EPERM ? ErrorKind::permission
                                                                           : ErrorKind::local;
    failure.message = describe_errno("read", unobserved.path, unobserved.error);
    return failure;
}

// What could not be looked at must not be taken for absent: it leaves the batch and is reported.
void set_aside(const std::vector<Unobserved>& unobserved, plan::Batch& batch, PushReport& report)
{
    if (unobserved.empty()) return;
    std::unordered_set<std::string> unknown;
    for (const Unobserved& one : unobserved) {
        if (one.listing)
            report.unlisted.push_back(one.path);
        else
            unknown.insert(one.path);
        report.failures.push_back(failure_of(one));
    }
    const auto hidden = [&](const plan::DirtyPath& dirty) {
        if (unknown.contains(dirty.path)) return true;
        for (std::size_t slash = dirty.path.find('/'); slash != std::string::npos;
             slash = dirty.path.find('/', slash + 1)) {
            if (!unknown.contains(dirty.path.substr(0, slash))) continue;
            PathFailure failure = report.failures.front();
            failure.path = dirty.path;
            report.failures.push_back(std::move(failure));
            return true;
        }
        return false;
    };
    std::erase_if(batch.paths, hidden);
}

void learn_links(const plan::Observed& observed, LinkIndex& links)
{
    for (const auto& [path, entry] : observed.at) {
        if (entry && entry->link_count > 1)
            links.saw(path, *entry, entry->link_count);
        else
            links.lost(path);
    }
    for (const plan::ObservedSubtree& subtree : observed.subtrees)
        for (const transport::Entry& entry : subtree.entries)
            if (entry.link_count > 1) links.saw(entry.path, entry, entry.link_count);
}

bool sees_whole_source(const plan::Batch& batch)
{
    return std::any_of(batch.paths.begin(), batch.paths.end(), [](const plan::DirtyPath& dirty) {
        return dirty.path.empty() && dirty.look == plan::Look::subtree;
    });
}

// An event names one name of a file; its other names changed with it and join the batch.
void follow_links(const PushJob& job, const Beneath& source, plan::Batch& batch,
                  Observation& observation, PushReport& report)
{
    learn_links(observation.observed, *job.links);
    if (sees_whole_source(batch)) job.links->whole_source_seen();
    std::set<std::string> known;
    for (const plan::DirtyPath& dirty : batch.paths) known.insert(dirty.path);
    plan::Batch others;
    for (const plan::DirtyPath& dirty : batch.paths) {
        const std::optional<transport::Entry>& entry = observation.observed.at[dirty.path];
        if (!entry || entry->link_count < 2) continue;
        if (job.links->incomplete(*entry, entry->link_count)) report.links_unknown = true;
        for (std::string& other : job.links->siblings(dirty.path, *entry)) {
            if (!known.insert(other).second) continue;
            others.paths.push_back({std::move(other), plan::Look::content, 0, {}, 0});
        }
    }
    if (others.empty()) return;
    Observation more = observe(source, others, job.observe, [] { return false; });
    learn_links(more.observed, *job.links);
    observation.observed.at.merge(more.observed.at);
    for (Unobserved& one : more.unobserved) observation.unobserved.push_back(std::move(one));
    for (plan::DirtyPath& dirty : others.paths) batch.paths.push_back(std::move(dirty));
}

void add(transport::PushFigures& sum, const transport::PushFigures& more)
{
    sum.files_sent += more.files_sent;
    sum.files_deleted += more.files_deleted;
    sum.bytes_sent += more.bytes_sent;
    sum.bytes_received += more.bytes_received;
    sum.literal_bytes += more.literal_bytes;
    sum.matched_bytes += more.matched_bytes;
}

void add(PushReport& report, transport::PushOutcome outcome)
{
    for (PathFailure& failure : outcome.failures) {
        if (failure.path == ".") failure.path.clear();
        report.failures.push_back(std::move(failure));
    }
    for (std::string& text : outcome.unattributed) report.unattributed.push_back(std::move(text));
    report.max_delete_hit = report.max_delete_hit || outcome.max_delete_hit;
    add(report.figures, outcome.figures);
}

transport::PushOptions options_for(const plan::Step& step, const PushJob& job)
{
    transport::PushOptions options = job.options;
    options.ignore_times = step.ignore_times;
    options.delete_missing = step.delete_missing;
    options.delete_extras = step.delete_extras;
    if (step.delete_extras) options.max_delete = job.plan.deletes_max;
    if (step.delete_missing || step.delete_extras) options.filter_rules = job.filter_rules;
    return options;
}

}  // namespace

boost::asio::awaitable<PushReport> push_batch(PushJob job)
{
    PushReport report;
    const Beneath source = open_source(job);
    const std::function<bool()> cancelled = [flag = job.cancelled] { return flag && *flag; };
    Observation observation = observe(source, job.batch, job.observe, cancelled);
    if (cancelled()) throw Error(ErrorKind::local, Remedy::retry, "stopped");
    if (!observation.observed.at[std::string()])
        throw Error(ErrorKind::source, Remedy::retry,
                    "source " + quoted(job.source) + " cannot be read");
    if (job.links) follow_links(job, source, job.batch, observation, report);
    set_aside(observation.unobserved, job.batch, report);
    plan::Plan planned = plan::make_plan(job.batch, observation.observed, job.plan);
    observation = Observation();  // a large tree's entries are in the lists now
    report.withheld = std::move(planned.withheld);
    report.deletions = planned.deletions;

    for (plan::Step& step : planned.steps) {
        transport::Endpoint endpoint = job.endpoint();
        transport::PushOptions options = options_for(step, job);
        const std::unique_ptr<transport::PushSession> session =
            co_await transport::connect(std::move(endpoint), std::move(options));
        ++report.sessions;
        report.peer = session->peer();
        transport::PushOutcome outcome;
        try {
            outcome = co_await session->push(std::move(step.list), source, job.progress.get());
        } catch (const Error& error) {
            throw BrokenPush(error);
        }
        add(report, std::move(outcome));
    }
    co_return report;
}

boost::asio::awaitable<transport::PeerFacts> probe(transport::Endpoint endpoint,
                                                   transport::PushOptions options)
{
    const Beneath nothing_below("/", true);  // no file is asked for
    const std::unique_ptr<transport::PushSession> session =
        co_await transport::connect(std::move(endpoint), std::move(options));
    transport::PushList nothing;
    const transport::PushOutcome outcome =
        co_await session->push(std::move(nothing), nothing_below, nullptr);
    (void)outcome;
    co_return session->peer();
}

}  // namespace lockstep::push
