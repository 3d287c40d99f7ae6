// A server that says what a test wants said: for daemons that are hostile, broken or old.
#pragma once

#include "tests/support/sockets.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>

namespace lockstep::testing {

// Accepts on loopback and runs `conversation` on each connection, in a thread of its own; the
// socket is closed when it returns. In the destructor all sockets are shut down, so that
// conversations blocked on theirs end, and joined: a conversation that loops must stop when a send
// or receive fails.
class ScriptedServer {
public:
    using Conversation = std::function<void(int socket)>;

    explicit ScriptedServer(Conversation conversation, const std::string& address = "127.0.0.1");
    ~ScriptedServer();
    ScriptedServer(const ScriptedServer&) = delete;
    ScriptedServer& operator=(const ScriptedServer&) = delete;

    std::uint16_t port() const noexcept { return port_; }
    std::size_t connections() const noexcept { return connections_; }  // accepted so far

private:
    struct Connection {
        Fd socket;
        std::thread thread;
        std::atomic<bool> ended = false;
    };

    void accept_all();
    void converse(Connection& connection);
    void join_ended();

    Conversation conversation_;
    Fd listener_;
    std::uint16_t port_;
    std::atomic<std::size_t> connections_ = 0;
    std::mutex mutex_;  // guards open_ and the sockets in it
    std::list<Connection> open_;
    std::thread acceptor_;
};

}  // namespace lockstep::testing
