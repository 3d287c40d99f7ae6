#include "agent/cli/commands.h"

#include "agent/cli/ask.h"
#include "agent/cli/show.h"
#include "agent/cli/status_view.h"
#include "base/path.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <thread>

namespace lockstep::cli {
namespace {

namespace json = boost::json;

constexpr int exit_fine = 0;
constexpr int exit_failed = 1;  // or no daemon
constexpr int exit_bad_config = 2;
constexpr int exit_degraded = 3;
constexpr std::chrono::seconds status_limit{10};
constexpr std::chrono::seconds answer_margin{10};  // the daemon's own limit comes first

void complain(const Console& console, const std::string& message)
{
    console.err << "lockstep: " << message << std::endl;
}

std::string status_json(const std::string& socket)
{
    Question question{socket, "GET", "/v1/status", "", status_limit};
    const Answer answer = ask(question);
    if (answer.status != 200)
        throw NoAnswer("the daemon at " + escaped(socket) + " answers " +
                       std::to_string(answer.status));
    return answer.body;
}

bool has_all(const StatusView& status, const std::vector<std::string>& names,
             const Console& console)
{
    bool all = true;
    for (const std::string& name : names) {
        const bool found =
            std::any_of(status.mappings.begin(), status.mappings.end(),
                        [&](const MappingView& mapping) { return mapping.name == name; });
        if (!found) complain(console, "no mapping " + quoted(name));
        all = all && found;
    }
    return all;
}

int show_status(const Status& command, const Console& console)
{
    std::string body = status_json(command.socket);
    const StatusView everything = status_view(body);
    const bool found = has_all(everything, command.names, console);
    if (!command.names.empty()) body = with_mappings(body, command.names);
    const StatusView status = status_view(body);
    if (command.json) {
        console.out << body << (body.ends_with('\n') ? "" : "\n") << std::flush;
    } else {
        if (command.watch && console.terminal) console.out << "\x1b[H\x1b[2J";
        console.out << table(status, console.colour) << std::flush;
    }
    if (!found) return exit_failed;
    return is_degraded(status) ? exit_degraded : exit_fine;
}

// The exit code, or the complaint made and exit_failed.
int guarded(const Console& console, const std::function<int()>& work)
{
    try {
        return work();
    } catch (const NoAnswer& nobody) {
        complain(console, nobody.what());
    } catch (const NotUnderstood& strange) {
        complain(console, strange.what());
    }
    return exit_failed;
}

// The daemon's own words: what went well on stdout, what did not on stderr.
void report(const ResultView& result, const Console& console)
{
    if (result.ok) {
        if (!result.message.empty()) console.out << result.message << std::endl;
        return;
    }
    complain(console, result.message);
    for (const std::string& error : result.errors) console.err << error << '\n';
    for (const std::string& path : result.paths) console.err << "  " << path << '\n';
    console.err << std::flush;
}

struct Outcome {
    unsigned status = 0;
    bool ok = false;
};

Outcome order(const Question& question, const Console& console)
{
    const Answer answer = ask(question);
    const ResultView result = result_view(answer.body);
    report(result, console);
    return {answer.status, result.ok && answer.status == 200};
}

int order_each(const std::vector<std::string>& names, const std::string& socket,
               const std::string& what, const Console& console)
{
    int code = exit_fine;
    for (const std::string& name : names) {
        const int one = guarded(console, [&] {
            Question question{socket, "POST", "/v1/mappings/" + percent_encoded(name) + what, "",
                              std::nullopt};
            return order(question, console).ok ? exit_fine : exit_failed;
        });
        code = std::max(code, one);
    }
    return code;
}

std::string flush_body(const Flush& command)
{
    json::object body;
    json::array names;
    for (const std::string& name : command.names) names.emplace_back(escaped(name));
    body["names"] = std::move(names);
    if (command.timeout) body["timeout_ms"] = command.timeout->count();
    return json::serialize(body);
}

bool wait_a_second()
{
    std::this_thread::sleep_for(std::chrono::seconds(1));
    return static_cast<bool>(std::cout);
}

}  // namespace

Console standard_console()
{
    const bool terminal = ::isatty(STDOUT_FILENO) == 1;
    const char* no_color = std::getenv("NO_COLOR");
    const bool colour = terminal && (no_color == nullptr || *no_color == '\0');
    return {std::cout, std::cerr, terminal, colour};
}

int status_command(const Status& command, const Console& console, const NextRound& next_round)
{
    const auto round = [&] { return show_status(command, console); };
    bool answered = false;
    int code = exit_failed;
    do {
        code = guarded(console, round);
        answered = answered || code != exit_failed;
    } while (command.watch && answered && next_round());
    return code;
}

int status_command(const Status& command)
{
    return status_command(command, standard_console(), wait_a_second);
}

int flush_command(const Flush& command, const Console& console)
{
    return guarded(console, [&] {
        Question question{command.socket, "POST", "/v1/flush", flush_body(command), std::nullopt};
        if (command.timeout) question.limit = *command.timeout + answer_margin;
        return order(question, console).ok ? exit_fine : exit_failed;
    });
}

int flush_command(const Flush& command)
{
    return flush_command(command, standard_console());
}

int resync_command(const Resync& command, const Console& console)
{
    return order_each(command.names, command.socket,
                      command.accept_empty ? "/resync?accept_empty=1" : "/resync", console);
}

int resync_command(const Resync& command)
{
    return resync_command(command, standard_console());
}

int pause_command(const Pause& command, const Console& console)
{
    return order_each(command.names, command.socket, "/pause", console);
}

int pause_command(const Pause& command)
{
    return pause_command(command, standard_console());
}

int resume_command(const Resume& command, const Console& console)
{
    return order_each(command.names, command.socket,
                      command.accept_deletes ? "/resume?accept_deletes=1" : "/resume", console);
}

int resume_command(const Resume& command)
{
    return resume_command(command, standard_console());
}

int reload_command(const Reload& command, const Console& console)
{
    return guarded(console, [&] {
        Question question{command.socket, "POST", "/v1/reload", "", std::nullopt};
        const Outcome outcome = order(question, console);
        if (outcome.ok) return exit_fine;
        return outcome.status == 409 ? exit_bad_config : exit_failed;
    });
}

int reload_command(const Reload& command)
{
    return reload_command(command, standard_console());
}

}  // namespace lockstep::cli
