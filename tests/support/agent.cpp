#include "tests/support/agent.h"

#include "tests/support/failure.h"
#include "tests/support/until.h"

#include <boost/json/parse.hpp>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace lockstep::testing {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr std::size_t tail_bytes = 8000;

std::string tail(const std::string& text)
{
    return text.size() <= tail_bytes ? text : "…" + text.substr(text.size() - tail_bytes);
}

}  // namespace

std::vector<std::string> with_kernel_limit(const std::string& name, int value)
{
    const std::string script =
        "echo " + std::to_string(value) + " > /proc/sys/user/" + name + " && exec \"$@\"";
    return {"/usr/bin/unshare", "--user", "--map-root-user", "/bin/sh", "-c", script, "sh"};
}

std::string lockstep_binary()
{
    const char* given = std::getenv("LOCKSTEP_BIN");
    return given != nullptr && *given != '\0' ? given : LOCKSTEP_BUILT_BINARY;
}

Agent::Agent(AgentConfig config, AgentOptions options) : options_(std::move(options))
{
    make_dirs(dir_ / "run");
    make_dirs(dir_ / "state");
    write_file(dir_ / "log", "");
    write_config(std::move(config));
    if (options_.start) start();
}

Agent::~Agent()
{
    if (!test_has_failed() && std::uncaught_exceptions() == 0) return;
    std::fprintf(stderr, "---- end of the agent's log (%s)\n%s----\n", dir_.path().c_str(),
                 tail(log_text()).c_str());
    if (last_.exit_code != 0 && !(last_.out + last_.err).empty())
        std::fprintf(stderr, "---- its last command ended with %d:\n%s%s----\n", last_.exit_code,
                     last_.out.c_str(), last_.err.c_str());
}

boost::json::object Agent::status() const
{
    const HttpReply reply = http("GET", "/v1/status");
    if (reply.status != 200) return {};
    return boost::json::parse(reply.body).as_object();
}

boost::json::object Agent::mapping(const std::string& name) const
{
    boost::json::object all = status();
    if (all.empty()) throw std::runtime_error("the agent does not answer");
    for (const boost::json::value& mapping : all.at("mappings").as_array())
        if (mapping.at("name").as_string() == name) return mapping.as_object();
    throw std::runtime_error("no mapping " + name + " in the status");
}

boost::json::object Agent::destination(const std::string& name, std::size_t number) const
{
    boost::json::object row = mapping(name);
    return row.at("destinations").as_array().at(number).as_object();
}

HttpReply Agent::http(const std::string& method, const std::string& target) const
{
    return testing::http(socket_path(), method, target);
}

int Agent::flush(milliseconds timeout, const std::vector<std::string>& names)
{
    const milliseconds limit = timeout * patience;
    std::vector<std::string> args{"flush", "--timeout", std::to_string(limit.count()) + "ms"};
    args.insert(args.end(), names.begin(), names.end());
    return command(args, limit + seconds(10));
}

int Agent::command(std::vector<std::string> args, milliseconds bound)
{
    args.insert(args.end(), {"--socket", socket_path()});
    last_ = lockstep(std::move(args), bound);
    return last_.exit_code;
}

int Agent::offline_command(std::vector<std::string> args, milliseconds bound)
{
    args.insert(args.end(), {"-c", config_path()});
    last_ = lockstep(std::move(args), bound);
    return last_.exit_code;
}

bool Agent::wait_state(const std::string& name, std::size_t number, const std::string& state,
                       milliseconds bound) const
{
    return until([&] { return destination(name, number).at("state").as_string() == state; }, bound);
}

bool Agent::wait_mapping_state(const std::string& name, const std::string& state,
                               milliseconds bound) const
{
    return until([&] { return mapping(name).at("state").as_string() == state; }, bound);
}

void Agent::start()
{
    hand_over();
    Command command;
    command.argv = options_.under;
    command.argv.insert(command.argv.end(), {lockstep_binary(), "run", "-c", config_path()});
    command.env = options_.env;
    command.stdout_file = dir_ / "log";
    command.stderr_file = dir_ / "log";
    command.uid = options_.uid;
    child_.reset();
    child_ = std::make_unique<Child>(command);
    if (!options_.wait_until_up) return;
    until([&] { return !child_->running() || http("GET", "/v1/status").status == 200; },
          seconds(20));
    if (child_->running() && http("GET", "/v1/status").status == 200) return;
    throw std::runtime_error("the agent did not come up: " + tail(log_text()));
}

std::optional<int> Agent::stop(milliseconds bound)
{
    if (!child_) return std::nullopt;
    child_->signal(SIGTERM);
    const std::optional<int> code = child_->wait(bound);
    child_.reset();
    return code;
}

void Agent::kill9()
{
    child_.reset();
}

void Agent::restart()
{
    const std::optional<int> code = stop();
    if (code != 0) throw std::runtime_error("the agent did not stop cleanly: " + tail(log_text()));
    start();
}

std::optional<int> Agent::wait_exit(milliseconds bound)
{
    return child_ ? child_->wait(bound) : std::nullopt;
}

void Agent::write_config(AgentConfig config)
{
    write_raw_config(yaml_of(config, dir_.path()));
}

void Agent::write_raw_config(const std::string& yaml)
{
    replace_file(config_path(), yaml);
    hand_over();
}

pid_t Agent::pid() const
{
    return child_ ? child_->pid() : -1;
}

bool Agent::running() const
{
    return child_ && child_->running();
}

std::string Agent::log_text() const
{
    return read_file(dir_ / "log");
}

Output Agent::lockstep(std::vector<std::string> args, milliseconds bound) const
{
    Command command;
    command.argv = std::move(args);
    command.argv.insert(command.argv.begin(), lockstep_binary());
    command.env = options_.env;
    command.uid = options_.uid;
    return run(command, bound);
}

// Everything in the agent's directory belongs to the user it runs as.
void Agent::hand_over() const
{
    if (!options_.uid) return;
    set_owner(dir_.path(), *options_.uid, *options_.uid);
    for (const std::string& name : names_in(dir_.path()))
        set_owner(dir_ / name, *options_.uid, *options_.uid);
}

}  // namespace lockstep::testing
