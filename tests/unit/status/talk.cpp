#include "tests/unit/status/talk.h"

#include "tests/support/sockets.h"
#include "tests/support/until.h"

#include <cstdlib>
#include <stdexcept>

namespace lockstep::status {
namespace {

constexpr std::chrono::seconds silence_max{20 * lockstep::testing::patience};

std::size_t content_length(const std::string& head)
{
    const std::size_t at = head.find("\r\nContent-Length: ");
    return at == std::string::npos ? 0 : std::strtoul(head.c_str() + at + 18, nullptr, 10);
}

}  // namespace

Talk::Talk(const std::string& socket)
{
    std::optional<Fd> fd = lockstep::testing::try_connect_unix(socket);
    if (!fd) throw std::runtime_error("nobody listens on " + socket);
    fd_ = std::move(*fd);
}

bool Talk::say(std::string_view bytes)
{
    return lockstep::testing::send_all(fd_.get(), bytes);
}

bool Talk::more()
{
    if (ended_) return false;
    const auto some = lockstep::testing::receive_some(fd_.get(), 65536, silence_max);
    if (!some) return false;
    ended_ = some->empty();
    heard_ += *some;
    return !ended_;
}

TalkReply Talk::hear(bool head_only)
{
    std::size_t end = std::string::npos;
    while ((end = heard_.find("\r\n\r\n")) == std::string::npos)
        if (!more()) return {};
    TalkReply reply;
    reply.head = heard_.substr(0, end + 2);
    const std::size_t length = head_only ? 0 : content_length(reply.head);
    while (heard_.size() < end + 4 + length)
        if (!more()) return {};
    reply.body = heard_.substr(end + 4, length);
    heard_.erase(0, end + 4 + length);
    reply.status = std::atoi(reply.head.c_str() + 9);  // "HTTP/1.1 200 OK"
    return reply;
}

bool Talk::hear_until(std::string_view text)
{
    while (heard_.find(text) == std::string::npos)
        if (!more()) return false;
    return true;
}

bool Talk::hear_the_end()
{
    while (more()) {
    }
    return ended_;
}

TalkReply Talk::ask(std::string_view request)
{
    return say(request) ? hear() : TalkReply{};
}

std::string get(const std::string& target)
{
    return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
}

std::string post(const std::string& target, const std::string& body)
{
    return "POST " + target +
           " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

}  // namespace lockstep::status
