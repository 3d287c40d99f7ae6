// HTTP over the unix socket (and optionally TCP): Beast in, a handler out; limits for each client.
#pragma once

#include "agent/status/command_result.h"
#include "agent/status/events.h"
#include "agent/status/snapshot.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lockstep::status {

// What the server asks of the agent. Each is called on the server's executor; the agent hops to its
// own. Coroutines may take long (flush); the client's disconnection cancels them.
struct Control {
    std::function<std::shared_ptr<const Snapshot>()> snapshot;  // never blocks
    std::function<boost::asio::awaitable<CommandResult>(
        std::vector<std::string> names, std::optional<std::chrono::milliseconds> timeout)>
        flush;
    std::function<boost::asio::awaitable<CommandResult>(std::string name, bool accept_empty)>
        resync;
    std::function<boost::asio::awaitable<CommandResult>(std::string name)> pause;
    std::function<boost::asio::awaitable<CommandResult>(std::string name, bool accept_deletes)>
        resume;
    std::function<boost::asio::awaitable<CommandResult>()> reload;
};

struct HttpOptions {
    std::string
        unix_socket;  // made with mode 0660; a stale one is replaced, a live one is an error
    std::optional<std::string> listen;  // "host:port": read-only requests only
    std::size_t clients_max = 1024;
    std::chrono::seconds request_timeout{10};
};

// `executor` is serial: one thread, or a strand. A command whose coroutine ends by cancellation is
// not answered; one that throws is answered 500 with its text.
//
// Starts listening in the constructor (throws Error(local, needs_person) naming the socket and
// why).
class HttpServer {
public:
    HttpServer(boost::asio::any_io_executor executor, HttpOptions options, Control control);
    ~HttpServer();  // call stop() first and let the executor run dry
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    void publish(EventLine line);  // any thread
    // Where `listen` ended up, when it asked for port 0; 0 when there is no TCP.
    std::uint16_t tcp_port() const noexcept;
    void stop();  // closes everything; on the executor

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace lockstep::status
