#include "agent/destinations.h"

#include <chrono>
#include <optional>
#include <utility>

namespace lockstep::agent {
namespace {

using Clock = std::chrono::steady_clock;
using plan::Look;

Look look_of(state::DifferenceKind kind)
{
    switch (kind) {
        case state::DifferenceKind::attributes:
            return Look::attributes;
        case state::DifferenceKind::content:
            return Look::content;
        // A directory may have the name again by the time it is sent: not the one they have there.
        case state::DifferenceKind::gone:
        case state::DifferenceKind::subtree:
        case state::DifferenceKind::unreadable:
            return Look::subtree;
    }
    return Look::subtree;
}

// What the last run left open at this destination.
void remember_dirty(Destination& destination, const config::Mapping& config,
                    const DestinationHost& host)
{
    const plan::TimePoint now = Clock::now();
    const bool never = config.full_sync.at_start == config::AtStart::never;
    const std::optional<timespec> open_since = host.record->open_since(destination.url());
    for (const state::DirtyRow& row : host.record->dirty(destination.url())) {
        if (host.filter->excludes(row.path, false) && host.filter->excludes(row.path, true))
            continue;
        if (never && row.path.empty() && row.look == state::subtree_look) continue;
        destination.remember(row, open_since, now);
    }
}

}  // namespace

Destinations::Destinations(const config::Mapping& config,
                           const boost::asio::any_io_executor& control)
    : in_step_(std::make_shared<Hook>(control, "in_step", config.hooks.in_step, config.name)),
      trouble_(std::make_shared<Hook>(control, "trouble", config.hooks.trouble, config.name))
{
}

void Destinations::start(const config::Mapping& config, DestinationHost host,
                         const std::function<push::SessionPool::Threads()>& line)
{
    host.in_step = in_step_;
    host.trouble = trouble_;
    if (config.destinations.size() > 1) host.read_files = std::make_shared<push::ReadFiles>();
    for (const config::Destination& destination : config.destinations) {
        host.threads = line();
        all_.push_back(std::make_shared<Destination>(config, destination, host));
        remember_dirty(*all_.back(), config, host);
        all_.back()->start();
    }
}

void Destinations::stop()
{
    for (const std::shared_ptr<Destination>& destination : all_) destination->stop();
    in_step_->stop();
    trouble_->stop();
}

void Destinations::mark(const std::string& path, Look look, TimePoint now, bool closed)
{
    for (const std::shared_ptr<Destination>& destination : all_)
        destination->mark(path, look, now, closed);
}

void Destinations::mark(const std::vector<plan::Settled>& settled)
{
    std::vector<plan::DirtySet::Moved> moved;
    for (const plan::Settled& ready : settled)
        if (!ready.moved_from.empty())
            moved.push_back({ready.moved_from, ready.path, ready.look, ready.since});
    if (!moved.empty())
        for (const std::shared_ptr<Destination>& destination : all_) destination->mark_moved(moved);
    for (const plan::Settled& ready : settled)
        if (ready.moved_from.empty()) mark(ready.path, ready.look, ready.since, ready.closed);
}

void Destinations::mark(const Record::Differences& differences, TimePoint now)
{
    for (const state::Difference& difference : differences.found)
        mark(difference.path, look_of(difference.kind), now);
    for (const std::shared_ptr<Destination>& destination : all_)
        destination->saw_links(differences.links);
}

}  // namespace lockstep::agent
