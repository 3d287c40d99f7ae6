#include "agent/status/replies.h"

#include "agent/status/health.h"
#include "agent/status/json.h"
#include "agent/status/metrics.h"
#include "agent/status/page.h"
#include "base/path.h"

#include <algorithm>

namespace lockstep::status {
namespace {

constexpr const char* json_type = "application/json";

Reply json_reply(std::string json)
{
    json += '\n';  // a terminal's prompt stands on its own line
    return {200, json_type, std::move(json), ""};
}

const Mapping* find(const Snapshot& snapshot, const std::string& name)
{
    const auto found = std::find_if(snapshot.mappings.begin(), snapshot.mappings.end(),
                                    [&](const Mapping& mapping) { return mapping.name == name; });
    return found == snapshot.mappings.end() ? nullptr : &*found;
}

Reply no_mapping(const std::string& name)
{
    return refusal(404, "no mapping " + quoted(name));
}

Reply health_reply(const Snapshot& snapshot)
{
    const Health health = health_of(snapshot);
    if (health.ok()) return {200, "text/plain; charset=utf-8", "ok\n", ""};
    std::string lines;
    for (const std::string& reason : health.reasons) lines += reason + '\n';
    return {503, "text/plain; charset=utf-8", std::move(lines), ""};
}

struct Replier {
    const Snapshot& snapshot;
    using Answer = std::optional<Reply>;

    Answer operator()(const ShowPage&) const
    {
        return Reply{200, "text/html; charset=utf-8", std::string(page()), ""};
    }
    Answer operator()(const ShowStatus&) const { return json_reply(to_json(snapshot)); }
    Answer operator()(const ShowMapping& show) const
    {
        const Mapping* mapping = find(snapshot, show.name);
        return mapping == nullptr ? no_mapping(show.name) : json_reply(to_json(*mapping));
    }
    Answer operator()(const ShowMetrics&) const
    {
        return Reply{200, "text/plain; version=0.0.4; charset=utf-8", metrics_text(snapshot), ""};
    }
    Answer operator()(const ShowHealth&) const { return health_reply(snapshot); }
    Answer operator()(const Refuse& refuse) const
    {
        Reply reply = refusal(refuse.status, refuse.message);
        reply.allow = refuse.allow;
        return reply;
    }
    template <typename Command>
    Answer operator()(const Command&) const
    {
        return std::nullopt;
    }
};

std::vector<std::string> names_of(const Action& action)
{
    if (const auto* flush = std::get_if<Flush>(&action)) return flush->names;
    if (const auto* resync = std::get_if<Resync>(&action)) return {resync->name};
    if (const auto* pause = std::get_if<Pause>(&action)) return {pause->name};
    if (const auto* resume = std::get_if<Resume>(&action)) return {resume->name};
    return {};
}

}  // namespace

std::optional<Reply> reply_to(const Action& action, const Snapshot& snapshot)
{
    return std::visit(Replier{snapshot}, action);
}

std::optional<Reply> unknown_mapping(const Action& action, const Snapshot& snapshot)
{
    for (const std::string& name : names_of(action))
        if (find(snapshot, name) == nullptr) return no_mapping(name);
    return std::nullopt;
}

Reply reply_of(const CommandResult& result)
{
    Reply reply = json_reply(to_json(result));
    reply.status = result.ok ? 200 : 409;
    return reply;
}

Reply refusal(unsigned status, std::string_view message)
{
    Reply reply = json_reply(error_json(message));
    reply.status = status;
    return reply;
}

}  // namespace lockstep::status
