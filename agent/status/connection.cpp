#include "agent/status/connection.h"

#include "base/path.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/write.hpp>

#include <algorithm>
#include <array>
#include <exception>

namespace lockstep::status {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::uint32_t header_bytes_max = 8 * 1024;
constexpr std::uint64_t body_bytes_max = 64 * 1024;
constexpr std::size_t read_ahead_bytes_max = 16 * 1024;
constexpr std::size_t drained_bytes_max = 256 * 1024;
constexpr std::size_t event_lines_max = 1000;
constexpr std::chrono::seconds drain_limit{1};
constexpr std::chrono::seconds heartbeat_interval{15};
constexpr std::chrono::seconds event_write_limit{60};  // nothing taken for so long: given up

using HttpStatus = http::status;

bool is_malformed(const error_code& error)
{
    return error.category() == make_error_code(http::error::bad_method).category() &&
           error != http::error::end_of_stream && error != http::error::partial_message;
}

Reply malformed_reply(const error_code& error)
{
    if (error == http::error::body_limit)
        return refusal(413, "body longer than " + std::to_string(body_bytes_max) + " bytes");
    if (error == http::error::header_limit || error == http::error::buffer_overflow)
        return refusal(431, "headers longer than " + std::to_string(header_bytes_max) + " bytes");
    return refusal(400, "not HTTP: " + error.message());
}

http::response<http::string_body> response_of(const Reply& reply, unsigned version, bool keep_alive)
{
    http::response<http::string_body> response(static_cast<HttpStatus>(reply.status), version);
    response.set(http::field::server, "lockstep");
    response.set(http::field::content_type, reply.content_type);
    response.set(http::field::cache_control, "no-store");
    response.set("X-Content-Type-Options", "nosniff");
    if (!reply.allow.empty()) response.set(http::field::allow, reply.allow);
    if (reply.content_type.starts_with("text/html"))
        response.set("Content-Security-Policy",
                     "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
                     "connect-src 'self'; frame-ancestors 'none'");
    response.body() = reply.body;
    response.keep_alive(keep_alive);
    response.prepare_payload();
    return response;
}

// The command an action stands for, ready to run.
struct Starter {
    const Control& control;
    using Work = asio::awaitable<CommandResult>;

    Work operator()(const Flush& flush) const { return control.flush(flush.names, flush.timeout); }
    Work operator()(const Resync& resync) const
    {
        return control.resync(resync.name, resync.accept_empty);
    }
    Work operator()(const Pause& pause) const { return control.pause(pause.name); }
    Work operator()(const Resume& resume) const
    {
        return control.resume(resume.name, resume.accept_deletes);
    }
    Work operator()(const Reload&) const { return control.reload(); }
    template <typename Other>
    Work operator()(const Other&) const
    {
        throw std::logic_error("an action without an answer");
    }
};

std::string text_of(const std::exception_ptr& failure)
{
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& exception) {
        return escaped(exception.what());
    } catch (...) {
        return "unknown failure";
    }
}

}  // namespace

// A command under way: the coroutine that does it and the connection that waits meet here.
struct Connection::Command {
    explicit Command(const asio::any_io_executor& executor) : over(executor) {}

    void cancel()
    {
        if (done || cancelled) return;
        cancelled = true;
        stop.emit(asio::cancellation_type::terminal);
    }

    asio::cancellation_signal stop;
    asio::steady_timer over;  // cancelled when the command is done
    bool done = false;
    bool cancelled = false;
    std::exception_ptr failure;
    CommandResult result;
};

// A complete request, or why there is none.
struct Connection::Received {
    std::optional<Message> request;
    std::optional<Reply> refusal;  // neither: the peer is gone
};

Connection::Connection(Socket socket, Transport transport, std::shared_ptr<Service> service)
    : stream_(std::move(socket)),
      transport_(transport),
      service_(std::move(service)),
      buffer_(read_ahead_bytes_max),
      events_(event_lines_max),
      wake_(stream_.get_executor())
{
}

Connection::~Connection()
{
    if (subscribed_) --service_->subscribers;
}

asio::awaitable<void> Connection::run()
{
    try {
        bool more = true;
        while (more && !closed_) more = co_await serve_one();
    } catch (const boost::system::system_error&) {
        // The peer went away while we wrote, or took too long: its affair.
    }
    close();
}

void Connection::close()
{
    closed_ = true;
    stream_.close();
    wake_.cancel();
    if (command_) command_->cancel();
}

void Connection::offer(const std::shared_ptr<const std::string>& rendered)
{
    if (!subscribed_ || closed_) return;
    events_.push(rendered);
    wake_.cancel();
}

// False when the connection is to end.
asio::awaitable<bool> Connection::serve_one()
{
    Received received = co_await receive();
    if (received.refusal) co_await refuse_and_drain(std::move(*received.refusal));
    if (!received.request) co_return false;

    const Message& message = *received.request;
    Request request{message.method_string(), message.target(), message.body(), transport_, {}};
    if (const auto host = message.find(http::field::host); host != message.end())
        request.host = host->value();
    const bool head_only = message.method() == http::verb::head;
    Action action = route(request, service_->own_names);
    if (std::holds_alternative<StreamEvents>(action)) {
        co_await stream_events(head_only);
        co_return false;
    }
    const std::optional<Reply> answer = co_await reply(std::move(action));
    if (!answer) co_return false;
    const bool keep_alive = message.keep_alive() && !closed_;
    Response response = response_of(*answer, message.version(), keep_alive);
    co_await send(std::move(response), head_only);
    co_return keep_alive;
}

asio::awaitable<Connection::Received> Connection::receive()
{
    http::request_parser<http::string_body> parser;
    parser.header_limit(header_bytes_max);
    parser.body_limit(body_bytes_max);
    stream_.expires_after(service_->options.request_timeout);
    error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    co_await http::async_read_header(stream_, buffer_, parser, token);
    if (!error && parser.get()[http::field::expect] == "100-continue") {
        http::response<http::empty_body> proceed(HttpStatus::continue_, 11);
        co_await http::async_write(stream_, proceed, token);
    }
    if (!error) co_await http::async_read(stream_, buffer_, parser, token);
    Received received;
    if (!error)
        received.request = parser.release();
    else if (is_malformed(error))
        received.refusal = malformed_reply(error);
    co_return received;
}

// None when there is nobody left to answer.
asio::awaitable<std::optional<Reply>> Connection::reply(Action action)
{
    std::shared_ptr<const Snapshot> snapshot = service_->control.snapshot();
    if (!snapshot) snapshot = std::make_shared<const Snapshot>();
    std::optional<Reply> answer = reply_to(action, *snapshot);
    if (!answer) answer = unknown_mapping(action, *snapshot);
    if (answer) co_return answer;
    std::optional<asio::awaitable<CommandResult>> work;
    try {
        work = std::visit(Starter{service_->control}, action);
    } catch (const std::exception& failure) {
        answer = refusal(500, escaped(failure.what()));
    }
    if (answer) co_return answer;
    answer = co_await perform(std::move(*work));
    co_return answer;
}

// Runs the command beside a read that notices when the client hangs up.
asio::awaitable<std::optional<Reply>> Connection::perform(asio::awaitable<CommandResult> work)
{
    const auto command = std::make_shared<Command>(stream_.get_executor());
    command_ = command;
    auto finished = [self = shared_from_this(), command](std::exception_ptr failure,
                                                         CommandResult result) {
        command->failure = std::move(failure);
        command->result = std::move(result);
        command->done = true;
        command->over.cancel();
        self->stream_.cancel();  // ends the read; whatever it got stays in buffer_
    };
    asio::co_spawn(stream_.get_executor(), std::move(work),
                   asio::bind_cancellation_slot(command->stop.slot(), std::move(finished)));
    co_await wait_for(command);
    command_.reset();
    if (command->cancelled) co_return std::nullopt;
    if (command->failure) co_return refusal(500, text_of(command->failure));
    co_return reply_of(command->result);
}

asio::awaitable<void> Connection::wait_for(std::shared_ptr<Command> command)
{
    stream_.expires_never();
    error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    while (!command->done && !error && buffer_.size() < read_ahead_bytes_max) {
        // What a pipelining client sends meanwhile is kept for its next request.
        const auto space = buffer_.prepare(read_ahead_bytes_max - buffer_.size());
        const std::size_t got = co_await stream_.async_read_some(space, token);
        buffer_.commit(got);
    }
    if (error) command->cancel();
    while (!command->done) {
        command->over.expires_at(asio::steady_timer::time_point::max());
        co_await command->over.async_wait(token);
    }
}

asio::awaitable<void> Connection::send(Response response, bool head_only)
{
    stream_.expires_after(service_->options.request_timeout);
    http::response_serializer<http::string_body> serializer(response);
    if (head_only)
        co_await http::async_write_header(stream_, serializer, asio::use_awaitable);
    else
        co_await http::async_write(stream_, serializer, asio::use_awaitable);
}

// Bytes that arrive after close() make the kernel reset the connection, and the peer may lose the
// answer it has not read yet: so they are read, for a while.
asio::awaitable<void> Connection::refuse_and_drain(Reply reply)
{
    Response response = response_of(reply, 11, false);
    co_await send(std::move(response), false);
    error_code error;
    stream_.socket().shutdown(asio::socket_base::shutdown_send, error);
    stream_.expires_after(drain_limit);
    auto token = asio::redirect_error(asio::use_awaitable, error);
    std::array<char, 4096> ignored;
    const auto space = asio::buffer(ignored);
    std::size_t drained = 0;
    while (!error && drained < drained_bytes_max) {
        const std::size_t got = co_await stream_.async_read_some(space, token);
        drained += got;
    }
}

// Until the client hangs up. The body ends with the connection, so it needs no chunks.
asio::awaitable<void> Connection::stream_events(bool head_only)
{
    if (!head_only) {
        subscribed_ = true;  // before the head goes out: who has read it misses nothing
        ++service_->subscribers;
    }
    http::response<http::empty_body> response(HttpStatus::ok, 11);
    response.set(http::field::server, "lockstep");
    response.set(http::field::content_type, "text/event-stream");
    response.set(http::field::cache_control, "no-store");
    response.keep_alive(false);
    http::response_serializer<http::empty_body> serializer(response);
    stream_.expires_after(service_->options.request_timeout);
    co_await http::async_write_header(stream_, serializer, asio::use_awaitable);
    if (head_only) co_return;

    stream_.expires_never();
    auto hung_up = [self = shared_from_this()](const std::exception_ptr&) { self->close(); };
    asio::co_spawn(stream_.get_executor(), notice_hang_up(), std::move(hung_up));
    co_await send_events();
}

asio::awaitable<void> Connection::send_events()
{
    error_code woken;
    auto token = asio::redirect_error(asio::use_awaitable, woken);
    while (!closed_) {
        if (events_.empty()) {
            wake_.expires_after(heartbeat_interval);
            co_await wake_.async_wait(token);
        }
        if (closed_) co_return;
        std::string text = events_.take();
        if (text.empty()) text = heartbeat;
        stream_.expires_after(event_write_limit);  // of the write: the read is under way
        const auto bytes = asio::buffer(text);
        co_await asio::async_write(stream_, bytes, asio::use_awaitable);
    }
}

asio::awaitable<void> Connection::notice_hang_up()
{
    std::array<char, 512> ignored;
    const auto space = asio::buffer(ignored);
    error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    while (!error) co_await stream_.async_read_some(space, token);
}

}  // namespace lockstep::status
