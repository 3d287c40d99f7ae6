// An agent under strace: which programs does it start?
#pragma once

#include "tests/support/agent.h"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace lockstep::testing {

// `lockstep run` with every execve of it, of its threads and children written down.
class TracedAgent {
public:
    explicit TracedAgent(const AgentConfig& config);

    Agent& commands() { return agent_; }  // not started itself: the traced one answers
    // SIGTERM; true when it ended with 0. The record is complete then.
    bool stop();
    // One line each, "PID execve(\"/path\", …) = 0".
    std::vector<std::string> executed() const;

private:
    Agent agent_;
    TempDir dir_;
    std::unique_ptr<Child> traced_;
};

}  // namespace lockstep::testing
