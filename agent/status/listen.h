// The sockets the status is served on, made and bound; no Asio.
#pragma once

#include "base/fd.h"

#include <cstdint>
#include <string>
#include <vector>

namespace lockstep::status {

// The name of a unix socket that is ours to remove, as long as it is still the one we made.
class SocketName {
public:
    SocketName() = default;
    // Takes `path` as bound just now.
    explicit SocketName(std::string path);

    // Unlinks it unless somebody replaced it meanwhile. A second call does nothing.
    void remove() noexcept;

private:
    std::string path_;
    std::uint64_t device_ = 0;
    std::uint64_t inode_ = 0;
};

struct UnixListener {
    Fd fd;
    SocketName name;
};

// Listens on `path` with mode 0660 from its first moment (bound beside it, then renamed). A socket
// nobody answers on is replaced; one that answers, something that is no socket, a missing directory
// or a path too long for the kernel (107 bytes with ".new") is Error(local, needs_person).
UnixListener listen_unix(const std::string& path);

struct TcpListener {
    Fd fd;
    int family = 0;
    std::uint16_t port = 0;  // as bound, when 0 was asked for
};

// Listens on every address of "host:port" (localhost has two); Error(local, needs_person) when none
// can be had or one is taken.
std::vector<TcpListener> listen_tcp(const std::string& host_port);

}  // namespace lockstep::status
