#include "tests/support/scripted_server.h"

#include <sys/socket.h>

namespace lockstep::testing {

ScriptedServer::ScriptedServer(Conversation conversation, const std::string& address)
    : conversation_(std::move(conversation)),
      listener_(listen_on(address, 0)),
      port_(local_port(listener_.get()))
{
    acceptor_ = std::thread([this] { accept_all(); });
}

ScriptedServer::~ScriptedServer()
{
    ::shutdown(listener_.get(), SHUT_RDWR);  // wakes accept
    acceptor_.join();
    {
        const std::lock_guard lock(mutex_);
        for (const Connection& connection : open_)
            if (connection.socket) ::shutdown(connection.socket.get(), SHUT_RDWR);
    }
    for (Connection& connection : open_) connection.thread.join();
}

void ScriptedServer::accept_all()
{
    while (true) {
        Fd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!socket) return;
        join_ended();
        ++connections_;
        const std::lock_guard lock(mutex_);
        Connection& connection = open_.emplace_back();
        connection.socket = std::move(socket);
        connection.thread = std::thread([this, &connection] { converse(connection); });
    }
}

void ScriptedServer::converse(Connection& connection)
{
    try {
        conversation_(connection.socket.get());
    } catch (const std::exception&) {
        // The peer left in the middle of the script; what it does then is what the test looks at.
    }
    const std::lock_guard lock(mutex_);
    Fd(std::move(connection.socket));
    connection.ended = true;
}

void ScriptedServer::join_ended()
{
    std::list<Connection> ended;
    {
        const std::lock_guard lock(mutex_);
        for (auto next = open_.begin(); next != open_.end();) {
            const auto here = next++;
            if (here->ended) ended.splice(ended.end(), open_, here);
        }
    }
    for (Connection& connection : ended) connection.thread.join();
}

}  // namespace lockstep::testing
