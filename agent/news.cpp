#include "agent/news.h"

#include "base/log.h"
#include "base/path.h"

#include <boost/json.hpp>

#include <string_view>
#include <utility>

namespace lockstep::agent {

using status::DestinationState;

News::News(std::string mapping, std::string destination, std::chrono::milliseconds trouble_after,
           Readers readers)
    : mapping_(std::move(mapping)),
      destination_(std::move(destination)),
      readers_(std::move(readers)),
      alarm_(trouble_after)
{
}

void News::publish(std::string type, const std::string& message) const
{
    boost::json::object object;
    object["destination"] = destination_;
    object["message"] = message;
    readers_.events(std::move(type), boost::json::serialize(object));
}

void News::begun(const plan::Batch& batch) const
{
    if (!log::enabled(log::Level::trace)) return;
    constexpr std::string_view looks[] = {"attributes", "written", "content", "listing", "subtree"};
    const auto trace = [&](const std::string& text) {
        log::write(log::Level::trace, "push", text,
                   {{"mapping", mapping_}, {"destination", destination_}});
    };
    for (const plan::DirtyPath& dirty : batch.paths)
        trace(std::string(looks[static_cast<std::size_t>(dirty.look)]) + " " + quoted(dirty.path));
    for (const plan::Move& move : batch.moves)
        trace("moved " + quoted(move.from) + " to " + quoted(move.to));
}

void News::trouble(const Trouble& trouble, bool is_new) const
{
    log::write(is_new ? log::Level::warn : log::Level::debug, "push", trouble.message,
               {{"mapping", mapping_},
                {"destination", destination_},
                {"kind", std::string(name_of(trouble.kind))}});
    publish("error", trouble.message);
}

void News::arrived(std::size_t paths) const
{
    publish("send", std::to_string(paths) + " paths arrived");
}

void News::arrived_for_hook(const std::vector<const plan::DirtyPath*>& arrived,
                            DestinationState state, const std::optional<Trouble>& last) const
{
    if (arrived.empty() || !readers_.in_step->wanted()) return;
    Occasion told = occasion(state, last);
    for (const plan::DirtyPath* dirty : arrived) told.paths.insert(dirty->path);
    readers_.in_step->occurred(std::move(told));
}

void News::state(DestinationState state)
{
    if (state_ == state) return;
    const bool quiet = state == DestinationState::syncing ||
                       (state_ == DestinationState::syncing && state == DestinationState::in_step);
    state_ = state;
    const std::string name(status::name_of(state));
    log::write(quiet ? log::Level::debug : log::Level::info, "destination", name,
               {{"mapping", mapping_}, {"destination", destination_}});
    publish("state", name);
}

void News::troubled(DestinationState state, const std::optional<Trouble>& last, TimePoint now)
{
    if (!alarm_.rings(now)) return;
    Occasion told = occasion(state, last);
    if (last) told.paths.insert(last->paths.begin(), last->paths.end());
    readers_.trouble->occurred(std::move(told));
}

Occasion News::occasion(DestinationState state, const std::optional<Trouble>& last) const
{
    Occasion told;
    told.destination = destination_;
    told.state = status::name_of(state);
    if (last) {
        told.error_kind = name_of(last->kind);
        told.error = last->message;
    }
    return told;
}

}  // namespace lockstep::agent
