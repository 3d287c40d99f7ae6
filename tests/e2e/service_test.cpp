// What a service manager hears of the agent, by sd_notify's protocol.
#include "base/fd.h"
#include "tests/e2e/live_mirror.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

using namespace lockstep;
using namespace lockstep::testing;
using std::chrono::seconds;

namespace {

// The socket that the manager listens on; a name that begins with '@' is an abstract one.
class Manager {
public:
    explicit Manager(const std::string& name)
        : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0))
    {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        name.copy(address.sun_path, sizeof address.sun_path - 1);
        if (name[0] == '@') address.sun_path[0] = '\0';
        const auto bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
        REQUIRE(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), bytes) == 0);
    }

    // True once a datagram of exactly this text has come.
    bool hears(const std::string& text)
    {
        return until(
            [&] {
                std::array<char, 4096> buffer{};
                const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
                return got >= 0 &&
                       std::string(buffer.data(), static_cast<std::size_t>(got)) == text;
            },
            seconds(20));
    }

    int socket() const { return socket_.get(); }

private:
    Fd socket_;
};

}  // namespace

TEST_CASE("a service manager hears that the agent is ready, lives and stops", "[e2e][service]")
{
    const TempDir dir;
    make_dirs(dir / "src");
    make_dirs(dir / "dst");
    const bool abstract = GENERATE(false, true);
    const std::string name = (abstract ? "@" : "") + (dir / "notify");
    Manager manager(name);
    RealDaemon daemon({{.name = "m", .path = dir / "dst"}});
    AgentOptions options;
    options.env = {"NOTIFY_SOCKET=" + name, "WATCHDOG_USEC=200000"};
    Agent agent(config_of("web", dir / "src", {daemon.url("m")}), options);

    CHECK(manager.hears("READY=1"));
    CHECK(manager.hears("WATCHDOG=1"));
    CHECK(manager.hears("WATCHDOG=1"));
    CHECK(agent.stop(seconds(10)) == 0);
    CHECK(manager.hears("STOPPING=1"));
}

TEST_CASE("a watchdog that is meant for another process is not answered", "[e2e][service]")
{
    const TempDir dir;
    make_dirs(dir / "src");
    make_dirs(dir / "dst");
    Manager manager(dir / "notify");
    RealDaemon daemon({{.name = "m", .path = dir / "dst"}});
    AgentOptions options;
    options.env = {"NOTIFY_SOCKET=" + (dir / "notify"), "WATCHDOG_USEC=1", "WATCHDOG_PID=1"};
    Agent agent(config_of("web", dir / "src", {daemon.url("m")}), options);
    REQUIRE(agent.flush() == 0);
    REQUIRE(manager.hears("READY=1"));

    CHECK(agent.stop(seconds(10)) == 0);

    // Whatever came before it is next in the socket.
    std::array<char, 4096> buffer{};
    const ssize_t got = ::recv(manager.socket(), buffer.data(), buffer.size(), 0);
    CHECK(std::string(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))) ==
          "STOPPING=1");
}
