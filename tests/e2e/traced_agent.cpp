#include "tests/e2e/traced_agent.h"

#include "tests/support/until.h"

#include <csignal>
#include <cstdlib>
#include <sstream>
#include <stdexcept>

namespace lockstep::testing {

TracedAgent::TracedAgent(const AgentConfig& config) : agent_(config, AgentOptions{.start = false})
{
    // -D: the agent is our child and strace a grandchild, so that signals reach the agent.
    Command command;
    command.argv = {"strace",       "-D",          "-f",
                    "-qq",          "-e",          "trace=execve,execveat",
                    "-e",           "signal=none", "-o",
                    dir_ / "trace", "--",          lockstep_binary(),
                    "run",          "-c",          agent_.config_path()};
    // The leak checker traces its own process, which only one can do.
    const char* options = std::getenv("ASAN_OPTIONS");
    command.env = {"ASAN_OPTIONS=" + std::string(options == nullptr ? "" : options) +
                   ":detect_leaks=0"};
    traced_ = std::make_unique<Child>(command);
    const bool up =
        until([&] { return agent_.http("GET", "/v1/status").status == 200 || !traced_->running(); },
              std::chrono::seconds(30));
    if (!up || !traced_->running())
        throw std::runtime_error("no agent under strace: " + traced_->out() + traced_->err());
}

bool TracedAgent::stop()
{
    traced_->signal(SIGTERM);
    return traced_->wait(std::chrono::seconds(20)) == 0;
}

std::vector<std::string> TracedAgent::executed() const
{
    std::vector<std::string> lines;
    std::istringstream in(read_file(dir_ / "trace"));
    for (std::string line; std::getline(in, line);)
        if (line.find("execve") != std::string::npos) lines.push_back(line);
    return lines;
}

}  // namespace lockstep::testing
