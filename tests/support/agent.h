// The built binary, run as its users run it.
#pragma once

#include "tests/support/agent_config.h"
#include "tests/support/child.h"
#include "tests/support/http.h"
#include "tests/support/temp_tree.h"

#include <boost/json/object.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lockstep::testing {

struct AgentOptions {
    std::optional<uid_t> uid{};  // and the same gid; needs root. See nobody
    std::vector<std::string> env{};
    // Put before `lockstep run`; must become it in the end (exec). See with_kernel_limit.
    std::vector<std::string> under{};
    bool start = true;
    bool wait_until_up = true;  // false: for configurations that must be refused
};

constexpr uid_t nobody = 65534;

// For AgentOptions::under: a user namespace of its own in which "max_inotify_watches" or
// "max_inotify_instances" is `value`. Needs root.
std::vector<std::string> with_kernel_limit(const std::string& name, int value);

// $LOCKSTEP_BIN, else the binary of this build.
std::string lockstep_binary();

// `lockstep run` in a directory of its own: configuration, state, socket, log. When the constructor
// returns the socket answers. On a failed test the destructor prints the end of the log. It is
// killed in the destructor, with whatever it started.
class Agent {
public:
    explicit Agent(AgentConfig config, AgentOptions options = {});
    ~Agent();
    Agent(const Agent&) = delete;
    Agent& operator=(const Agent&) = delete;

    // GET /v1/status; an empty object when nobody answers.
    boost::json::object status() const;
    // A row of it; throws when there is none of that name or number.
    boost::json::object mapping(const std::string& name) const;
    boost::json::object destination(const std::string& name, std::size_t number = 0) const;
    HttpReply http(const std::string& method, const std::string& target) const;

    // `lockstep flush` over all or the named mappings: its exit code. What it said is in
    // last_output().
    int flush(std::chrono::milliseconds timeout = std::chrono::seconds(30),
              const std::vector<std::string>& names = {});
    // Any command that speaks to a running agent: {"pause", "web"}; --socket is added.
    int command(std::vector<std::string> args,
                std::chrono::milliseconds bound = std::chrono::seconds(60));
    // One that reads the configuration: {"check", "--connect"}; -c is added.
    int offline_command(std::vector<std::string> args,
                        std::chrono::milliseconds bound = std::chrono::minutes(2));
    const Output& last_output() const noexcept { return last_; }

    // Until destination `number` of the mapping has that state; true when it got there.
    bool wait_state(const std::string& name, std::size_t number, const std::string& state,
                    std::chrono::milliseconds bound = std::chrono::seconds(30)) const;
    bool wait_mapping_state(const std::string& name, const std::string& state,
                            std::chrono::milliseconds bound = std::chrono::seconds(30)) const;

    void start();
    // SIGTERM; the exit code, or none (and a SIGKILL) when it does not end within `bound`.
    std::optional<int> stop(std::chrono::milliseconds bound = std::chrono::seconds(10));
    void kill9();
    void restart();  // stop, which must succeed, and start
    // The exit code of an agent that ends by itself.
    std::optional<int> wait_exit(std::chrono::milliseconds bound);

    void write_config(AgentConfig config);  // without telling the agent: see `lockstep reload`
    void write_raw_config(const std::string& yaml);

    pid_t pid() const;
    bool running() const;
    std::string log_text() const;
    std::string config_path() const { return dir_ / "lockstep.yaml"; }
    std::string socket_path() const { return dir_ / "run/status.sock"; }
    std::string state_dir() const { return dir_ / "state"; }
    std::string directory() const { return dir_.path(); }

private:
    Output lockstep(std::vector<std::string> args, std::chrono::milliseconds bound) const;
    void hand_over() const;

    TempDir dir_;
    AgentOptions options_;
    std::unique_ptr<Child> child_;
    Output last_;
};

}  // namespace lockstep::testing
