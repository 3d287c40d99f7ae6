// A stock rsync daemon on loopback.
#pragma once

#include "tests/support/child.h"
#include "tests/support/rsync_release.h"
#include "tests/support/sockets.h"
#include "tests/support/temp_tree.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace lockstep::testing {

// Members have initialisers so that a test names the ones it means: {.name = "m", .path = p}.
struct Module {
    std::string name{};
    std::string path{};
    std::string user{};                // empty: no login
    std::string password{};            // with user
    std::vector<std::string> lines{};  // "max connections = 1"
};

struct DaemonOptions {
    std::string address = "127.0.0.1";  // or ::1
    std::vector<std::string> lines{};   // global ones
    std::string rsync = rsync_of_daemons();
    bool start = true;
};

// `rsync --daemon --no-detach` without chroot and without munged links, so that the tree can be
// read directly. Runs as the test's user. Listens when the constructor returns; the port stays its
// own for life, started or not. Everything it forked ends with it.
class RealDaemon {
public:
    explicit RealDaemon(std::vector<Module> modules, DaemonOptions options = {});

    std::uint16_t port() const noexcept { return port_.port(); }
    pid_t pid() const;
    bool running() const;
    // rsync://[user@]address:port/module[/below]
    std::string url(const std::string& module, const std::string& below = "") const;
    // The same, at another port (a proxy's).
    std::string url_at(std::uint16_t port, const std::string& module,
                       const std::string& below = "") const;

    void start();    // throws with the log when it does not listen
    void stop();     // SIGTERM to the daemon; sessions end too
    void kill9();    // the daemon and its sessions, at once
    void restart();  // stop and start
    // Writes the configuration anew; the daemon reads it for each connection.
    void set_modules(std::vector<Module> modules);

    std::vector<pid_t> sessions() const;  // forked processes at work: two or three a session
    void signal_sessions(int signal) const;
    std::size_t kill_sessions() const;  // SIGKILL to each; how many there were

    std::string log_text() const;

private:
    void write_config() const;

    TempDir dir_;
    PortLease port_;
    std::vector<Module> modules_;
    DaemonOptions options_;
    std::unique_ptr<Child> child_;
};

}  // namespace lockstep::testing
