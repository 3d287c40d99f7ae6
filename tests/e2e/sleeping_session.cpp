#include "tests/e2e/sleeping_session.h"

#include "tests/support/until.h"

#include <csignal>
#include <thread>

namespace lockstep::testing {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

MirrorOptions with(const std::string& file)
{
    const auto write_and_wait = [file](const std::string& source) {
        write_file(source + "/" + file, "x");
        std::this_thread::sleep_for(milliseconds(50));
    };
    return {.before = write_and_wait, .over_proxy = true};
}

}  // namespace

SleepingSession::SleepingSession(const std::string& file) : mirror(with(file)) {}

bool SleepingSession::fall_asleep()
{
    const bool in_step = mirror.agent.flush() == 0;
    const bool there = until([&] { return mirror.daemon.sessions().size() == 1; }, seconds(10));
    const bool answered = mirror.proxy->comes_to_rest(milliseconds(300));
    sent_ = mirror.proxy->counters().bytes_up;
    mirror.daemon.signal_sessions(SIGSTOP);
    return in_step && there && answered;
}

bool SleepingSession::was_sent() const
{
    return until([&] { return mirror.proxy->counters().bytes_up > sent_; }, seconds(10));
}

void SleepingSession::wake_up() const
{
    mirror.daemon.signal_sessions(SIGCONT);
}

}  // namespace lockstep::testing
