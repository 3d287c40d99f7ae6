// A real sshd on loopback, with keys of a test's own.
#pragma once

#include "tests/support/child.h"
#include "tests/support/sockets.h"
#include "tests/support/temp_tree.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace lockstep::testing {

// Lets the test's user in by one key, as themselves, but with a home that is empty: what their own
// shell does when it starts is not a test's to begin, nor to kill. Listens on 127.0.0.1 when the
// constructor returns; the port stays its own for life. Everything it started ends with it.
class SshServer {
public:
    // `environment`: "NAME=value" for what it runs, without blanks.
    explicit SshServer(const std::vector<std::string>& environment = {});
    ~SshServer();
    SshServer(const SshServer&) = delete;
    SshServer& operator=(const SshServer&) = delete;

    std::uint16_t port() const noexcept { return port_.port(); }
    void start();
    void stop();  // with its connections and what they run
    // What its connections run.
    std::vector<pid_t> sessions() const;
    // The command that connects as it should, for Endpoint::ssh: {"ssh", "-F", FILE}.
    std::vector<std::string> client() const;
    // A directory with a program `ssh` that does so, for the front of an agent's $PATH.
    std::string path() const { return dir_ / "bin"; }

    void use_unknown_key();  // by the client
    void use_known_key();
    void expect_another_host_key();  // by the client
    // By the client, from then on: a process of ssh's own keeps it until stop_sharing().
    void share_connections();
    void stop_sharing();
    std::string log_text() const;

private:
    void write_client(const std::string& key, const std::string& host_key) const;

    TempDir dir_;
    PortLease port_;
    std::unique_ptr<Child> child_;
    bool shares_ = false;
};

// ssh://127.0.0.1:PORT/PATH
std::string ssh_url(const SshServer& server, const std::string& path);

}  // namespace lockstep::testing
