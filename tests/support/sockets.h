// Blocking sockets on this machine, with bounds.
#pragma once

#include "base/fd.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lockstep::testing {

// A loopback port that no other test takes while this lives. Outside the range that the kernel
// gives to outgoing connections; the lease is an abstract unix socket, so it ends with the process.
class PortLease {
public:
    PortLease();
    std::uint16_t port() const noexcept { return port_; }

private:
    Fd lease_;
    std::uint16_t port_ = 0;
};

// `address` is 127.0.0.1 or ::1. Throw std::runtime_error.
Fd listen_on(const std::string& address, std::uint16_t port);  // port 0: any, see local_port
std::uint16_t local_port(int socket);
Fd connect_to(const std::string& address, std::uint16_t port);
std::optional<Fd> try_connect_unix(const std::string& path);
bool has_ipv6_loopback();

// True when somebody listens on the port, without connecting.
bool is_listening(std::uint16_t port);

// False when the peer is gone.
bool send_all(int socket, std::string_view bytes);
// What is there, at most `limit` bytes, after waiting up to `bound`; "" at the end of the stream,
// none when nothing came.
std::optional<std::string> receive_some(int socket, std::size_t limit,
                                        std::chrono::milliseconds bound);
// Up to and without '\n'; none when the stream ends or the bound passes first.
std::optional<std::string> receive_line(int socket, std::chrono::milliseconds bound);

// Makes close() send a reset instead of an orderly end.
void reset_on_close(int socket);

}  // namespace lockstep::testing
