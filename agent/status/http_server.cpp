#include "agent/status/http_server.h"

#include "agent/status/connection.h"
#include "agent/status/host.h"
#include "agent/status/listen.h"
#include "base/log.h"
#include "base/path.h"

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <string_view>
#include <unordered_set>

namespace lockstep::status {
namespace {

namespace asio = boost::asio;
using Acceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol>;
using boost::system::error_code;

constexpr std::size_t events_in_flight_max = 4096;  // published and not yet handed out
constexpr std::chrono::milliseconds accept_pause{100};

std::string host_name()
{
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data()) : "";
}

std::vector<std::string> own_names(const std::optional<std::string>& listen)
{
    std::vector<std::string> names;
    const auto where = listen ? parse_host_port(*listen) : std::nullopt;
    if (where) names = {where->host, host_name()};
    return names;
}

// Too many clients: said in one go or not at all, for nobody waits for this one.
void turn_away(Socket& socket)
{
    constexpr std::string_view text =
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nConnection: close\r\n"
        "Content-Length: 17\r\n\r\ntoo many clients\n";
    [[maybe_unused]] const ssize_t sent =
        ::send(socket.native_handle(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

}  // namespace

struct HttpServer::State : std::enable_shared_from_this<State> {
    State(asio::any_io_executor on, HttpOptions options, Control control);

    void add(Fd listening, int family, int protocol, Transport transport);
    void start();
    void stop();
    void deliver(const std::shared_ptr<const std::string>& rendered);
    asio::awaitable<void> accept(std::shared_ptr<Acceptor> acceptor, Transport transport);
    void admit(Socket socket, Transport transport);

    asio::any_io_executor executor;
    std::shared_ptr<Service> service = std::make_shared<Service>();
    SocketName socket_name;
    std::vector<std::pair<std::shared_ptr<Acceptor>, Transport>> acceptors;
    std::unordered_set<std::shared_ptr<Connection>> connections;
    std::atomic<std::size_t> events_in_flight{0};
    std::uint16_t tcp_port = 0;
    bool stopped = false;
};

HttpServer::State::State(asio::any_io_executor on, HttpOptions options, Control control)
    : executor(std::move(on))
{
    service->own_names = own_names(options.listen);
    service->control = std::move(control);
    UnixListener local = listen_unix(options.unix_socket);
    std::vector<TcpListener> remote;
    try {
        if (options.listen) remote = listen_tcp(*options.listen);
    } catch (...) {
        local.name.remove();
        throw;
    }
    socket_name = local.name;
    add(std::move(local.fd), AF_UNIX, 0, Transport::unix_socket);
    for (TcpListener& listener : remote) {
        tcp_port = listener.port;
        add(std::move(listener.fd), listener.family, IPPROTO_TCP, Transport::tcp);
    }
    service->options = std::move(options);
}

void HttpServer::State::add(Fd listening, int family, int protocol, Transport transport)
{
    const asio::generic::stream_protocol kind(family, protocol);
    acceptors.emplace_back(std::make_shared<Acceptor>(executor, kind, listening.release()),
                           transport);
}

void HttpServer::State::start()
{
    for (const auto& [acceptor, transport] : acceptors) {
        auto ended = [self = shared_from_this()](const std::exception_ptr& failure) {
            if (!failure) return;
            try {
                std::rethrow_exception(failure);
            } catch (const std::exception& exception) {
                log::error("status", "stopped accepting: " + escaped(exception.what()));
            }
        };
        asio::co_spawn(executor, accept(acceptor, transport), std::move(ended));
    }
}

void HttpServer::State::stop()
{
    if (stopped) return;
    stopped = true;
    socket_name.remove();
    error_code ignored;
    for (const auto& [acceptor, transport] : acceptors) acceptor->close(ignored);
    const auto open = connections;  // closing may end one at once
    for (const auto& connection : open) connection->close();
}

void HttpServer::State::deliver(const std::shared_ptr<const std::string>& rendered)
{
    --events_in_flight;
    for (const auto& connection : connections) connection->offer(rendered);
}

asio::awaitable<void> HttpServer::State::accept(std::shared_ptr<Acceptor> acceptor,
                                                Transport transport)
{
    asio::steady_timer pause(executor);
    error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    bool failing = false;
    while (!stopped) {
        Socket socket = co_await acceptor->async_accept(token);
        if (stopped) co_return;
        if (!error) {
            failing = false;
            admit(std::move(socket), transport);
            continue;
        }
        if (error == asio::error::connection_aborted) continue;
        // Out of descriptors, mostly: others will close some. Said once, not every 100 ms.
        if (!failing) log::warn("status", "accept: " + error.message());
        failing = true;
        pause.expires_after(accept_pause);
        co_await pause.async_wait(token);
    }
}

void HttpServer::State::admit(Socket socket, Transport transport)
{
    if (connections.size() >= service->options.clients_max) {
        turn_away(socket);
        return;
    }
    error_code ignored;
    if (transport == Transport::tcp) socket.set_option(asio::ip::tcp::no_delay(true), ignored);
    auto connection = std::make_shared<Connection>(std::move(socket), transport, service);
    connections.insert(connection);
    auto ended = [self = shared_from_this(), connection](const std::exception_ptr& failure) {
        connection->close();
        self->connections.erase(connection);
        if (!failure) return;
        try {
            std::rethrow_exception(failure);
        } catch (const std::exception& exception) {
            log::error("status", "a connection failed: " + escaped(exception.what()));
        }
    };
    asio::co_spawn(executor, connection->run(), std::move(ended));
}

HttpServer::HttpServer(asio::any_io_executor executor, HttpOptions options, Control control)
    : state_(std::make_shared<State>(std::move(executor), std::move(options), std::move(control)))
{
    state_->start();
}

HttpServer::~HttpServer()
{
    state_->stop();
}

void HttpServer::publish(EventLine line)
{
    State& state = *state_;
    if (state.service->subscribers == 0) return;
    if (++state.events_in_flight > events_in_flight_max) {
        --state.events_in_flight;  // the executor is that far behind: this one is lost
        return;
    }
    auto rendered = std::make_shared<const std::string>(render(line));
    asio::post(state.executor,
               [self = state_, rendered = std::move(rendered)] { self->deliver(rendered); });
}

void HttpServer::stop()
{
    state_->stop();
}

std::uint16_t HttpServer::tcp_port() const noexcept
{
    return state_->tcp_port;
}

}  // namespace lockstep::status
