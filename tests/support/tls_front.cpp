#include "tests/support/tls_front.h"

#include "tests/support/until.h"

#include <stdexcept>

namespace lockstep::testing {

TlsFront::TlsFront(std::uint16_t upstream_port, const Certificate& certificate,
                   const std::vector<std::string>& lines)
{
    std::string text = "foreground = yes\npid =\nsyslog = no\ndebug = info\n[front]\n";
    text += "accept = 127.0.0.1:" + std::to_string(port()) + "\n";
    text += "connect = 127.0.0.1:" + std::to_string(upstream_port) + "\n";
    text += "cert = " + certificate.file + "\nkey = " + certificate.key_file + "\n";
    text += "socket = l:TCP_NODELAY=1\nsocket = r:TCP_NODELAY=1\nTIMEOUTclose = 0\n";
    for (const std::string& line : lines) text += line + "\n";
    write_file(dir_ / "stunnel.conf", text);
    Command command;
    command.argv = {"stunnel4", dir_ / "stunnel.conf"};
    child_ = std::make_unique<Child>(command);
    const bool listens =
        until([&] { return is_listening(port()) || !child_->running(); }, std::chrono::seconds(10));
    if (!listens || !child_->running())
        throw std::runtime_error("stunnel does not listen: " + child_->err());
}

}  // namespace lockstep::testing
