// One HTTP client, from its first request to its last.
#pragma once

#include "agent/status/events.h"
#include "agent/status/http_server.h"
#include "agent/status/replies.h"
#include "agent/status/router.h"

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace lockstep::status {

using Socket = boost::asio::generic::stream_protocol::socket;

// What the connections of a server share. All of it is used on the server's executor, but for the
// count of subscribers, which spares publish() its work while nobody listens.
struct Service {
    HttpOptions options;
    Control control;
    std::vector<std::string> own_names;  // host names TCP answers to
    std::atomic<std::size_t> subscribers{0};
};

// Whatever the peer does — garbage, silence, endless headers, hanging up in the middle — ends this
// connection and touches nothing else: headers up to 8 KiB, bodies up to 64 KiB, request_timeout
// for a request to be complete and for its answer to be taken. At most 16 KiB are read ahead.
//
// A command is cancelled when its client hangs up; closing only the sending half counts as that.
// Shared: its coroutine and the server hold it. Serial executor, no locks.
class Connection : public std::enable_shared_from_this<Connection> {
public:
    Connection(Socket socket, Transport transport, std::shared_ptr<Service> service);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    // Ends when the connection does. Throws only for what is wrong on our side.
    boost::asio::awaitable<void> run();

    // Ends run() soon: cancels a command, drops unsent events.
    void close();

    // An event for the queue, if this client asked for events.
    void offer(const std::shared_ptr<const std::string>& rendered);

private:
    using Message = boost::beast::http::request<boost::beast::http::string_body>;
    using Response = boost::beast::http::response<boost::beast::http::string_body>;
    struct Command;
    struct Received;

    boost::asio::awaitable<bool> serve_one();
    boost::asio::awaitable<Received> receive();
    boost::asio::awaitable<std::optional<Reply>> reply(Action action);
    boost::asio::awaitable<std::optional<Reply>> perform(
        boost::asio::awaitable<CommandResult> work);
    boost::asio::awaitable<void> wait_for(std::shared_ptr<Command> command);
    boost::asio::awaitable<void> send(Response response, bool head_only);
    boost::asio::awaitable<void> refuse_and_drain(Reply reply);
    boost::asio::awaitable<void> stream_events(bool head_only);
    boost::asio::awaitable<void> send_events();
    boost::asio::awaitable<void> notice_hang_up();

    boost::beast::basic_stream<boost::asio::generic::stream_protocol> stream_;
    Transport transport_;
    std::shared_ptr<Service> service_;
    boost::beast::flat_buffer buffer_;
    std::shared_ptr<Command> command_;  // the one under way
    bool closed_ = false;
    bool subscribed_ = false;
    EventQueue events_;
    boost::asio::steady_timer wake_;  // of send_events()
};

}  // namespace lockstep::status
