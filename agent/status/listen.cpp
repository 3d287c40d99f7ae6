#include "agent/status/listen.h"

#include "agent/status/host.h"
#include "base/error.h"
#include "base/path.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace lockstep::status {
namespace {

[[noreturn]] void refuse(const std::string& where, const std::string& why)
{
    throw Error(ErrorKind::local, Remedy::needs_person, where + ": " + why);
}

std::string errno_text(int error)
{
    return std::strerror(error);
}

std::string socket_text(const std::string& path)
{
    return "status socket " + quoted(path);
}

sockaddr_un unix_address(const std::string& bound, const std::string& shown)
{
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (bound.size() >= sizeof address.sun_path)
        refuse(socket_text(shown),
               "longer than the " +
                   std::to_string(sizeof address.sun_path - 1 - (bound.size() - shown.size())) +
                   " bytes a socket's path may have");
    std::memcpy(address.sun_path, bound.data(), bound.size());
    return address;
}

Fd new_socket(int family)
{
    return Fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

void check_parent(const std::string& path)
{
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos || slash == 0) return;
    const std::string parent = path.substr(0, slash);
    struct stat status {};
    if (::stat(parent.c_str(), &status) != 0)
        refuse(socket_text(path),
               "its directory cannot be used: " + describe_errno("stat", parent, errno) +
                   "; create it (RuntimeDirectory= does, under systemd)");
    if (!S_ISDIR(status.st_mode)) refuse(socket_text(path), quoted(parent) + " is no directory");
}

// What stands at `path` may be replaced, or this throws.
void check_replaceable(const std::string& path)
{
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) {
        if (errno == ENOENT) return;
        refuse(socket_text(path), describe_errno("lstat", path, errno));
    }
    if (!S_ISSOCK(status.st_mode))
        refuse(socket_text(path), "exists and is no socket; it is left alone");
    const sockaddr_un address = unix_address(path, path);
    const Fd probe = new_socket(AF_UNIX);
    if (!probe) refuse(socket_text(path), "socket: " + errno_text(errno));
    if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
        errno == EAGAIN)  // its queue is full: alive
        refuse(socket_text(path), "another lockstep answers there");
    if (errno != ECONNREFUSED && errno != ENOENT)
        refuse(socket_text(path), "cannot tell whether it is in use: " + errno_text(errno));
}

// Removes what was bound and not renamed.
class Unlinker {
public:
    explicit Unlinker(std::string path) : path_(std::move(path)) {}
    Unlinker(const Unlinker&) = delete;
    Unlinker& operator=(const Unlinker&) = delete;
    ~Unlinker()
    {
        if (!path_.empty()) ::unlink(path_.c_str());
    }
    void keep() noexcept { path_.clear(); }

private:
    std::string path_;
};

struct FreeAddresses {
    void operator()(addrinfo* all) const { ::freeaddrinfo(all); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

Addresses resolve(const HostPort& where, const std::string& shown)
{
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const int error = ::getaddrinfo(where.host.c_str(), where.port.c_str(), &hints, &found);
    if (error != 0) refuse(shown, ::gai_strerror(error));
    return Addresses(found);
}

std::uint16_t bound_port(int fd)
{
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) return 0;
    if (address.ss_family == AF_INET)
        return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
    return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
}

// errno, or 0 with `listener` ready.
int try_listen(const addrinfo& address, TcpListener& listener)
{
    Fd fd = new_socket(address.ai_family);
    if (!fd) return errno;
    const int on = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address.ai_family == AF_INET6)
        ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (::bind(fd.get(), address.ai_addr, address.ai_addrlen) != 0) return errno;
    if (::listen(fd.get(), SOMAXCONN) != 0) return errno;
    listener.port = bound_port(fd.get());
    listener.family = address.ai_family;
    listener.fd = std::move(fd);
    return 0;
}

bool is_missing_family(int error)
{
    return error == EADDRNOTAVAIL || error == EAFNOSUPPORT;
}

}  // namespace

SocketName::SocketName(std::string path) : path_(std::move(path))
{
    struct stat status {};
    if (::lstat(path_.c_str(), &status) != 0) return;
    device_ = status.st_dev;
    inode_ = status.st_ino;
}

void SocketName::remove() noexcept
{
    struct stat status {};
    if (path_.empty() || ::lstat(path_.c_str(), &status) != 0) return;
    if (status.st_dev == device_ && status.st_ino == inode_) ::unlink(path_.c_str());
    path_.clear();
}

UnixListener listen_unix(const std::string& path)
{
    check_parent(path);
    const std::string fresh = path + ".new";
    const sockaddr_un address = unix_address(fresh, path);
    check_replaceable(path);

    Fd fd = new_socket(AF_UNIX);
    if (!fd) refuse(socket_text(path), "socket: " + errno_text(errno));
    ::unlink(fresh.c_str());  // of a start that was killed
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        refuse(socket_text(path), describe_errno("bind", fresh, errno));
    Unlinker unlinker(fresh);
    // Nobody can connect before listen(), so the mode holds from the first connection on.
    if (::chmod(fresh.c_str(), 0660) != 0)
        refuse(socket_text(path), describe_errno("chmod", fresh, errno));
    if (::listen(fd.get(), SOMAXCONN) != 0)
        refuse(socket_text(path), "listen: " + errno_text(errno));
    if (::rename(fresh.c_str(), path.c_str()) != 0)
        refuse(socket_text(path), describe_errno("rename", fresh, errno));
    unlinker.keep();
    return {std::move(fd), SocketName(path)};
}

std::vector<TcpListener> listen_tcp(const std::string& host_port)
{
    const std::string shown = "listen " + quoted(host_port);
    const auto where = parse_host_port(host_port);
    if (!where) refuse(shown, "expected host:port such as 127.0.0.1:9477 or [::1]:9477");
    const Addresses addresses = resolve(*where, shown);
    std::vector<TcpListener> listeners;
    int missing = 0;
    for (const addrinfo* at = addresses.get(); at != nullptr; at = at->ai_next) {
        TcpListener listener;
        const int error = try_listen(*at, listener);
        if (error == 0)
            listeners.push_back(std::move(listener));
        else if (is_missing_family(error))
            missing = error;  // localhost is ::1 too, even where there is no IPv6
        else
            refuse(shown, errno_text(error));
    }
    if (listeners.empty()) refuse(shown, errno_text(missing));
    return listeners;
}

}  // namespace lockstep::status
