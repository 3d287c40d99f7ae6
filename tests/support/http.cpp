#include "tests/support/http.h"

#include "tests/support/sockets.h"
#include "tests/support/until.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <optional>

namespace lockstep::testing {

namespace {

// The value of a header in lower-cased `headers`; none when absent.
std::optional<std::string> header(const std::string& headers, const std::string& name)
{
    const auto at = headers.find("\r\n" + name + ":");
    if (at == std::string::npos) return std::nullopt;
    const auto begin = headers.find_first_not_of(' ', at + name.size() + 3);
    return headers.substr(begin, headers.find("\r\n", begin) - begin);
}

std::string lower(std::string text)
{
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

std::string unchunked(const std::string& body)
{
    std::string plain;
    std::size_t at = 0;
    while (at < body.size()) {
        const std::size_t length = std::strtoul(body.c_str() + at, nullptr, 16);
        const std::size_t data = body.find("\r\n", at);
        if (length == 0 || data == std::string::npos) break;
        plain += body.substr(data + 2, length);
        at = data + 2 + length + 2;
    }
    return plain;
}

bool complete(const HttpReply& reply)
{
    const std::optional<std::string> length = header(reply.headers, "content-length");
    return length && reply.body.size() >= std::strtoul(length->c_str(), nullptr, 10);
}

}  // namespace

HttpReply http(const std::string& socket, const std::string& method, const std::string& target,
               const std::string& body, std::chrono::milliseconds bound)
{
    HttpReply reply;
    const std::optional<Fd> fd = try_connect_unix(socket);
    if (!fd) return reply;
    std::string request =
        method + " " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
    if (method != "GET") request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    if (!body.empty()) request += "Content-Type: application/json\r\n";
    if (!send_all(fd->get(), request + "\r\n" + body)) return reply;

    const auto deadline = std::chrono::steady_clock::now() + bound * patience;
    std::string received;
    while (true) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        if (left.count() <= 0) return {};
        const std::optional<std::string> some = receive_some(fd->get(), 65536, left);
        if (!some) return {};
        received += *some;
        const auto end = received.find("\r\n\r\n");
        if (end == std::string::npos) {
            if (some->empty()) return {};
            continue;
        }
        reply.headers = lower(received.substr(0, end + 2));
        reply.body = received.substr(end + 4);
        if (some->empty() || complete(reply)) break;
    }
    reply.status = std::atoi(reply.headers.substr(reply.headers.find(' ') + 1, 3).c_str());
    if (header(reply.headers, "transfer-encoding").value_or("") == "chunked")
        reply.body = unchunked(reply.body);
    return reply;
}

}  // namespace lockstep::testing
