#include "transport/stream_tcp.h"

#include "base/error.h"
#include "base/path.h"
#include "transport/tcp_figures.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <vector>

namespace lockstep::transport {
namespace {

using boost::system::error_code;
using tcp = asio::ip::tcp;

std::string name_of(const tcp::endpoint& endpoint)
{
    const std::string address = endpoint.address().to_string();
    const std::string port = std::to_string(endpoint.port());
    return endpoint.address().is_v6() ? "[" + address + "]:" + port : address + ":" + port;
}

// As much is sent without waiting for a turn, which takes another thread as a rule. More would keep
// what is read from its turn.
constexpr std::size_t at_once_max = 4096;

class TcpStream final : public Stream {
public:
    TcpStream(tcp::socket socket, std::string peer)
        : socket_(std::move(socket)), peer_(std::move(peer))
    {
        socket_.set_option(tcp::no_delay(true));
        socket_.set_option(asio::socket_base::keep_alive(true));
        acknowledge_at_once();
    }

    asio::awaitable<std::size_t> read_some(std::span<std::byte> into) override
    {
        if (failure_) std::rethrow_exception(failure_);
        error_code error;
        const asio::mutable_buffer buffer(into.data(), into.size());
        const std::size_t got = co_await socket_.async_read_some(
            buffer, asio::redirect_error(asio::use_awaitable, error));
        acknowledge_at_once();
        if (error == asio::error::eof && !failure_) co_return 0;
        if (error) throw_failure("read", error);
        co_return got;
    }

    asio::awaitable<void> write_all(std::span<const std::byte> bytes) override
    {
        if (failure_) std::rethrow_exception(failure_);
        if (bytes.size() <= at_once_max) bytes = bytes.subspan(write_at_once(bytes));
        while (!bytes.empty()) {
            error_code error;
            const asio::const_buffer buffer(bytes.data(), bytes.size());
            const std::size_t taken = co_await socket_.async_write_some(
                buffer, asio::redirect_error(asio::use_awaitable, error));
            if (error) throw_failure("write", error);
            bytes = bytes.subspan(taken);
            tell_written();
        }
    }

    void write_now(std::span<const std::byte> bytes) noexcept override
    {
        if (socket_.is_open()) send_at_once(bytes);
    }

    void fail(std::exception_ptr why) noexcept override
    {
        if (failure_) return;
        failure_ = std::move(why);
        error_code ignored;
        socket_.close(ignored);
    }

    std::optional<LineFigures> figures() override
    {
        return socket_.is_open() ? tcp_figures(socket_.native_handle()) : std::nullopt;
    }
    asio::any_io_executor executor() override { return socket_.get_executor(); }
    std::string peer() const override { return peer_; }

private:
    ssize_t send_at_once(std::span<const std::byte> bytes) noexcept
    {
        return ::send(socket_.native_handle(), bytes.data(), bytes.size(),
                      MSG_DONTWAIT | MSG_NOSIGNAL);
    }

    // As much as the line takes without waiting.
    std::size_t write_at_once(std::span<const std::byte> bytes)
    {
        const ssize_t taken = send_at_once(bytes);
        if (taken < 0 && errno != EAGAIN && errno != EINTR)
            throw_failure("write", error_code(errno, boost::system::system_category()));
        if (taken <= 0) return 0;
        tell_written();
        return static_cast<std::size_t>(taken);
    }

    // The kernel forgets this after a few segments; see PROTOCOL.md 24.1.
    void acknowledge_at_once() noexcept
    {
        const int on = 1;
        if (socket_.is_open())
            ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
    }

    [[noreturn]] void throw_failure(std::string_view what, error_code error)
    {
        if (failure_) std::rethrow_exception(failure_);
        if (error == asio::error::operation_aborted) throw boost::system::system_error(error);
        throw Error(ErrorKind::unreachable, Remedy::retry,
                    std::string(what) + " (" + peer_ + "): " + error.message());
    }

    tcp::socket socket_;
    std::string peer_;
    std::exception_ptr failure_;
};

// Closes the socket when time is up; its handler may outlive the attempt.
class AttemptLimit {
public:
    AttemptLimit(tcp::socket& socket, std::chrono::milliseconds limit)
        : state_(std::make_shared<State>(socket))
    {
        state_->timer.expires_after(limit);
        state_->timer.async_wait([state = state_](const error_code& error) {
            if (error || state->socket == nullptr) return;
            state->expired = true;
            error_code ignored;
            state->socket->close(ignored);
        });
    }
    ~AttemptLimit()
    {
        state_->socket = nullptr;
        state_->timer.cancel();
    }
    AttemptLimit(const AttemptLimit&) = delete;
    AttemptLimit& operator=(const AttemptLimit&) = delete;

    bool expired() const noexcept { return state_->expired; }

private:
    struct State {
        explicit State(tcp::socket& watched) : socket(&watched), timer(watched.get_executor()) {}
        tcp::socket* socket;
        asio::steady_timer timer;
        bool expired = false;
    };
    std::shared_ptr<State> state_;
};

constexpr std::chrono::milliseconds impatient{1000};

// An address needs no thread that asks.
asio::awaitable<std::vector<tcp::endpoint>> resolved(std::string host, std::uint16_t port)
{
    std::vector<tcp::endpoint> addresses;
    error_code error;
    const asio::ip::address address = asio::ip::make_address(host, error);
    if (!error) {
        addresses.emplace_back(address, port);
        co_return addresses;
    }
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    tcp::resolver resolver(executor);
    const std::string service = std::to_string(port);
    const tcp::resolver::results_type found = co_await resolver.async_resolve(
        host, service, asio::redirect_error(asio::use_awaitable, error));
    if (error == asio::error::operation_aborted) throw boost::system::system_error(error);
    if (error)
        throw Error(ErrorKind::unreachable, Remedy::retry,
                    "resolve " + quoted(host) + ": " + error.message());
    for (const auto& result : found) addresses.push_back(result.endpoint());
    co_return addresses;
}

}  // namespace

asio::awaitable<std::unique_ptr<Stream>> connect_tcp(std::string host, std::uint16_t port,
                                                     std::chrono::milliseconds limit)
{
    using Clock = std::chrono::steady_clock;
    const Clock::time_point end = Clock::now() + limit;
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    const std::string target = escaped(host) + ":" + std::to_string(port);

    const std::vector<tcp::endpoint> addresses = co_await resolved(host, port);
    std::string tried;
    bool expired_only = true;
    // First round impatient while there is an alternative, second round with the time that is left.
    for (int round = 0; round < 2; ++round) {
        const bool patient = round == 1;
        if (patient && (addresses.size() < 2 || !expired_only)) break;
        for (std::size_t i = 0; i < addresses.size(); ++i) {
            const auto left =
                std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
            if (left.count() <= 0)
                throw Error(ErrorKind::timeout, Remedy::retry,
                            "connect to " + target + ": timed out after " +
                                std::to_string(limit.count()) + " ms");
            const bool last = addresses.size() < 2 || patient;
            tcp::socket socket(executor);
            const AttemptLimit attempt(socket, last ? left : std::min(left, impatient));
            error_code failure;
            co_await socket.async_connect(addresses[i],
                                          asio::redirect_error(asio::use_awaitable, failure));
            if (!failure && socket.is_open())
                co_return std::make_unique<TcpStream>(std::move(socket), name_of(addresses[i]));
            if (failure == asio::error::operation_aborted && !attempt.expired())
                throw boost::system::system_error(failure);
            if (!attempt.expired()) expired_only = false;
            const std::string why = attempt.expired() ? "no answer" : failure.message();
            if (tried.size() < 500)
                tried += (tried.empty() ? "" : "; ") + name_of(addresses[i]) + ": " + why;
        }
    }
    throw Error(ErrorKind::unreachable, Remedy::retry, "connect to " + target + ": " + tried);
}

}  // namespace lockstep::transport
