#include "tests/support/sockets.h"

#include "tests/support/temp_tree.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <random>
#include <sstream>
#include <stdexcept>

namespace lockstep::testing {

namespace {

struct Address {
    sockaddr_storage storage{};
    socklen_t length = 0;
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

Address address_of(const std::string& text, std::uint16_t port)
{
    Address address;
    auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
    if (::inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        address.length = sizeof *v4;
    } else if (::inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        address.length = sizeof *v6;
    } else {
        throw std::runtime_error("no address: " + text);
    }
    return address;
}

[[noreturn]] void fail(const std::string& what)
{
    throw std::runtime_error(what + ": " + std::strerror(errno));
}

// The leading NUL of an abstract name is kept by giving the length.
bool bind_abstract(int socket, const std::string& name)
{
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + 1, name.data(), name.size());
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    return ::bind(socket, reinterpret_cast<const sockaddr*>(&address), length) == 0;
}

}  // namespace

PortLease::PortLease()
{
    std::random_device random;
    std::uniform_int_distribution<int> ports(10'000, 31'999);
    for (int attempt = 0; attempt < 200; ++attempt) {
        const auto port = static_cast<std::uint16_t>(ports(random));
        Fd lease(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        if (!bind_abstract(lease.get(), "lockstep-test-port-" + std::to_string(port))) continue;
        if (is_listening(port)) continue;
        lease_ = std::move(lease);
        port_ = port;
        return;
    }
    throw std::runtime_error("no free loopback port found");
}

Fd listen_on(const std::string& address, std::uint16_t port)
{
    const Address where = address_of(address, port);
    Fd fd(::socket(where.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(fd.get(), where.get(), where.length) != 0 || ::listen(fd.get(), 128) != 0)
        fail("listen on " + address);
    return fd;
}

std::uint16_t local_port(int socket)
{
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    if (::getsockname(socket, reinterpret_cast<sockaddr*>(&storage), &length) != 0)
        fail("getsockname");
    // The port stands at the same place in both families.
    return ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
}

Fd connect_to(const std::string& address, std::uint16_t port)
{
    const Address where = address_of(address, port);
    Fd fd(::socket(where.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(fd.get(), where.get(), where.length) != 0)
        fail("connect to " + address + " port " + std::to_string(port));
    return fd;
}

std::optional<Fd> try_connect_unix(const std::string& path)
{
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) throw std::runtime_error("too long: " + path);
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return std::nullopt;
    return fd;
}

bool has_ipv6_loopback()
{
    try {
        listen_on("::1", 0);
        return true;
    } catch (const std::exception&) {
        return false;
    }
}

bool is_listening(std::uint16_t port)
{
    std::array<char, 8> wanted{};
    std::snprintf(wanted.data(), wanted.size(), ":%04X", static_cast<unsigned>(port));
    for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
        if (!exists(table)) continue;
        std::istringstream lines(read_file(table));
        for (std::string line; std::getline(lines, line);) {
            std::istringstream fields(line);
            std::string slot, local, remote, state;
            fields >> slot >> local >> remote >> state;
            if (state == "0A" && local.ends_with(wanted.data())) return true;
        }
    }
    return false;
}

bool send_all(int socket, std::string_view bytes)
{
    while (!bytes.empty()) {
        const ssize_t n = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

std::optional<std::string> receive_some(int socket, std::size_t limit,
                                        std::chrono::milliseconds bound)
{
    pollfd ready{socket, POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(bound.count())) <= 0) return std::nullopt;
    std::string bytes(limit, '\0');
    const ssize_t n = ::recv(socket, bytes.data(), bytes.size(), 0);
    bytes.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
    return bytes;
}

std::optional<std::string> receive_line(int socket, std::chrono::milliseconds bound)
{
    const auto deadline = std::chrono::steady_clock::now() + bound;
    std::string line;
    while (true) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        if (left.count() < 0) return std::nullopt;
        const std::optional<std::string> next = receive_some(socket, 1, left);
        if (!next || next->empty()) return std::nullopt;
        if (*next == "\n") return line;
        line += *next;
    }
}

void reset_on_close(int socket)
{
    const linger now{1, 0};
    ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

}  // namespace lockstep::testing
