#include "tests/e2e/sleeping_session.h"

#include "tests/support/until.h"

#include <csignal>
#include <thread>

namespace lockstep::testing {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

std::string made(const TempDir& dir, const std::string& file)
{
    write_file(dir / ("src/" + file), "x");
    make_dirs(dir / "dst");
    std::this_thread::sleep_for(milliseconds(50));
    return dir / "dst";
}

}  // namespace

SleepingSession::SleepingSession(const std::string& file)
    : daemon_({{.name = "m", .path = made(dir_, file)}}), line(daemon_.port()), agent(config())
{
}

AgentConfig SleepingSession::config() const
{
    AgentConfig config = config_of("web", dir_ / "src", {daemon_.url_at(line.port(), "m")});
    config.mappings[0].destinations[0].lines = {"retry: { initial: 20ms, max: 100ms }"};
    return config;
}

bool SleepingSession::fall_asleep()
{
    const bool in_step = agent.flush() == 0;
    const bool there = until([&] { return daemon_.sessions().size() == 1; }, seconds(10));
    const bool answered = line.comes_to_rest(milliseconds(300));
    asleep_ = daemon_.sessions();
    sent_ = line.counters().bytes_up;
    for (const pid_t pid : asleep_) ::kill(pid, SIGSTOP);
    return in_step && there && answered;
}

bool SleepingSession::was_sent() const
{
    return until([&] { return line.counters().bytes_up > sent_; }, seconds(10));
}

void SleepingSession::wake_up() const
{
    for (const pid_t pid : asleep_) ::kill(pid, SIGCONT);
}

Lines SleepingSession::flushed_differences()
{
    if (agent.flush() != 0) return {agent.last_output().out + agent.last_output().err};
    return tree_differences(dir_ / "src", dir_ / "dst");
}

}  // namespace lockstep::testing
