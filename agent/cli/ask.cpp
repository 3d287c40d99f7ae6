#include "agent/cli/ask.h"

#include "base/fd.h"
#include "base/path.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace lockstep::cli {
namespace {

namespace http = boost::beast::http;
using Clock = std::chrono::steady_clock;

constexpr std::uint64_t answer_bytes_max = 256 * 1024 * 1024;
constexpr std::chrono::seconds connect_limit{5};

[[noreturn]] void no_daemon(const std::string& socket, const std::string& why)
{
    throw NoAnswer("no daemon at " + escaped(socket) + ": " + why);
}

Fd connect_to(const std::string& path)
{
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        no_daemon(path, "the path is longer than a socket's can be");
    std::memcpy(address.sun_path, path.data(), path.size());
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd) throw NoAnswer(std::string("socket: ") + std::strerror(errno));
    // Bounds connect() too, which waits while the daemon's queue is full.
    const timeval limit{connect_limit.count(), 0};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        no_daemon(path, errno == EAGAIN ? "it does not take connections" : std::strerror(errno));
    return fd;
}

std::string request_text(const Question& question)
{
    std::string text = question.method + ' ' + question.target + " HTTP/1.1\r\n";
    text += "Host: localhost\r\nConnection: close\r\n";
    if (!question.body.empty()) text += "Content-Type: application/json\r\n";
    if (question.method == "POST")
        text += "Content-Length: " + std::to_string(question.body.size()) + "\r\n";
    return text + "\r\n" + question.body;
}

// What was not taken is of no use: the answer, if one comes, says why.
void send_all(int fd, std::string_view bytes)
{
    while (!bytes.empty()) {
        const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
}

constexpr Clock::time_point never = Clock::time_point::max();
constexpr std::chrono::hours limit_max{24 * 365};  // far from where nanoseconds overflow

Clock::time_point deadline_of(const Question& question)
{
    if (!question.limit) return never;
    return Clock::now() + std::min<std::chrono::milliseconds>(*question.limit, limit_max);
}

int milliseconds_to(Clock::time_point deadline)
{
    if (deadline == never) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
}

void await_bytes(int fd, Clock::time_point deadline, const std::string& socket)
{
    for (;;) {
        pollfd waiting{fd, POLLIN, 0};
        const int ready = ::poll(&waiting, 1, milliseconds_to(deadline));
        if (ready > 0) return;
        if (ready < 0 && errno != EINTR)
            throw NoAnswer(std::string("poll: ") + std::strerror(errno));
        if (Clock::now() >= deadline)
            throw NoAnswer("no answer from the daemon at " + escaped(socket) + " in time");
    }
}

}  // namespace

Answer ask(const Question& question)
{
    const Fd fd = connect_to(question.socket);
    const Clock::time_point deadline = deadline_of(question);
    send_all(fd.get(), request_text(question));

    http::response_parser<http::string_body> parser;
    parser.body_limit(answer_bytes_max);
    parser.eager(true);
    std::string unparsed;
    std::array<char, 64 * 1024> bytes;
    boost::system::error_code error;
    while (!parser.is_done()) {
        await_bytes(fd.get(), deadline, question.socket);
        const ssize_t got = ::recv(fd.get(), bytes.data(), bytes.size(), 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) {
            if (parser.is_header_done()) parser.put_eof(error);  // before: it would be complete
            if (!error && parser.is_done()) break;
            throw NoAnswer("the daemon at " + escaped(question.socket) +
                           " hung up before it had answered");
        }
        unparsed.append(bytes.data(), static_cast<std::size_t>(got));
        const std::size_t used = parser.put(boost::asio::buffer(unparsed), error);
        unparsed.erase(0, used);
        if (error && error != http::error::need_more)
            throw NoAnswer("what answers at " + escaped(question.socket) +
                           " is no lockstep: " + error.message());
    }
    return {parser.get().result_int(), std::move(parser.get().body())};
}

std::string percent_encoded(const std::string& name)
{
    constexpr std::string_view plain =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : name) {
        if (plain.find(c) != std::string_view::npos) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += digits[byte >> 4];
        out += digits[byte & 0xf];
    }
    return out;
}

}  // namespace lockstep::cli
