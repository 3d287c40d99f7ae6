// An agent in step, whose ready session is put to sleep at the daemon's end.
#pragma once

#include "tests/support/agent.h"
#include "tests/support/proxy.h"
#include "tests/support/real_daemon.h"
#include "tests/support/tree_equal.h"

#include <string>
#include <vector>

namespace lockstep::testing {

class SleepingSession {
public:
    // `file` is below the source from the start, and old enough to be known by its times.
    explicit SleepingSession(const std::string& file);

    std::string source(const std::string& path) const { return dir_ / ("src/" + path); }
    std::string destination(const std::string& path) const { return dir_ / ("dst/" + path); }
    std::string outside(const std::string& path) const { return dir_ / path; }

    // False: the session that falls asleep was not ready.
    bool fall_asleep();
    // Waits until more is under way to it.
    bool was_sent() const;
    void wake_up() const;

    // As LiveMirror's.
    Lines flushed_differences();

private:
    TempDir dir_;
    RealDaemon daemon_;

public:
    Proxy line;
    Agent agent;

private:
    AgentConfig config() const;

    std::vector<pid_t> asleep_;
    std::uint64_t sent_ = 0;
};

}  // namespace lockstep::testing
