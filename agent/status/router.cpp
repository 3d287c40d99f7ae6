#include "agent/status/router.h"

#include "agent/status/host.h"
#include "agent/status/query.h"
#include "base/path.h"

#include <boost/url/parse.hpp>
#include <boost/url/segments_view.hpp>

#include <functional>

namespace lockstep::status {
namespace {

using Segments = std::vector<std::string>;

Refuse refusal(unsigned status, std::string message, std::string allow = "")
{
    return {status, std::move(message), std::move(allow)};
}

Segments segments_of(const boost::urls::url_view& target)
{
    Segments segments;
    for (const auto& segment : target.segments()) segments.push_back(segment);
    if (segments.size() == 1 && segments[0].empty()) segments.clear();  // "/"
    return segments;
}

Action read_action(const Segments& at)
{
    if (at.empty()) return ShowPage{};
    if (at == Segments{"metrics"}) return ShowMetrics{};
    if (at == Segments{"healthz"}) return ShowHealth{};
    if (at == Segments{"v1", "status"}) return ShowStatus{};
    if (at == Segments{"v1", "events"}) return StreamEvents{};
    if (at.size() == 3 && at[0] == "v1" && at[1] == "mappings") return ShowMapping{at[2]};
    return refusal(404, "nothing here; try /v1/status, /metrics or /healthz");
}

Action command_action(const Segments& at, const boost::urls::url_view& target,
                      const std::string& body)
{
    if (at == Segments{"v1", "flush"}) {
        FlushParameters parameters = flush_parameters(target, body);
        return Flush{std::move(parameters.names), parameters.timeout};
    }
    if (at == Segments{"v1", "reload"}) {
        no_parameters(target);
        return Reload{};
    }
    if (at.size() == 4 && at[0] == "v1" && at[1] == "mappings") {
        if (at[3] == "resync") return Resync{at[2], flag_parameter(target, "accept_empty")};
        if (at[3] == "resume") return Resume{at[2], flag_parameter(target, "accept_deletes")};
        if (at[3] == "pause") {
            no_parameters(target);
            return Pause{at[2]};
        }
    }
    return refusal(404, "no such command; there are flush, reload, resync, pause and resume");
}

bool is_known(const Action& action)
{
    const auto* refuse = std::get_if<Refuse>(&action);
    return refuse == nullptr || refuse->status != 404;
}

// Whether a POST to it would be a command, whatever its parameters.
bool is_command(const Segments& at)
{
    try {
        return is_known(command_action(at, boost::urls::url_view(), ""));
    } catch (const BadRequest&) {
        return true;
    }
}

Action by_method(const Request& request, const boost::urls::url_view& target)
{
    const Segments at = segments_of(target);
    const bool reads = request.method == "GET" || request.method == "HEAD";
    if (request.method == "POST") {
        if (request.transport == Transport::tcp)
            return refusal(403, "commands are taken on the unix socket only");
        if (is_known(read_action(at))) return refusal(405, "expected GET", "GET, HEAD");
        return command_action(at, target, request.body);
    }
    if (is_command(at)) return refusal(405, "expected POST", "POST");
    Action action = read_action(at);
    if (!reads && is_known(action)) return refusal(405, "expected GET", "GET, HEAD");
    return action;
}

}  // namespace

Action route(const Request& request, const std::vector<std::string>& own_names)
{
    if (request.transport == Transport::tcp && request.host &&
        !is_answered_host(*request.host, own_names))
        return refusal(403, "not answered under the host name " + quoted(*request.host));
    const auto target = boost::urls::parse_uri_reference(request.target);
    if (!target) return refusal(400, "malformed request target");
    try {
        return by_method(request, *target);
    } catch (const BadRequest& bad) {
        return refusal(400, bad.what());
    }
}

}  // namespace lockstep::status
