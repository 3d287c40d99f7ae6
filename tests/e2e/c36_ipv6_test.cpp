#include "tests/support/agent.h"
#include "tests/support/real_daemon.h"
#include "tests/support/tree_equal.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <vector>

namespace lockstep::testing {

using std::chrono::seconds;

namespace {

bool without_ipv6()
{
    if (has_ipv6_loopback()) return false;
    WARN("no IPv6 on loopback here");
    return true;
}

// /etc/hosts as this thread and what it starts see it, for the guard's lifetime. Needs root.
class OwnHosts {
public:
    explicit OwnHosts(const std::string& hosts_file)
        : before_(::open("/proc/thread-self/ns/mnt", O_RDONLY | O_CLOEXEC))
    {
        if (!before_ || ::unshare(CLONE_NEWNS) != 0) return;
        changed_ = true;
        works_ = ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                 ::mount(hosts_file.c_str(), "/etc/hosts", nullptr, MS_BIND, nullptr) == 0;
    }
    ~OwnHosts()
    {
        if (changed_) ::setns(before_.get(), CLONE_NEWNS);
    }
    OwnHosts(const OwnHosts&) = delete;
    OwnHosts& operator=(const OwnHosts&) = delete;

    bool works() const { return works_; }

private:
    Fd before_;
    bool changed_ = false;
    bool works_ = false;
};

// Listens on ::1 but never answers: its queue is full, so the kernel drops who knocks.
class DeafListener {
public:
    explicit DeafListener(std::uint16_t port)
    {
        sockets_.emplace_back(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in6 address{};
        address.sin6_family = AF_INET6;
        address.sin6_port = htons(port);
        address.sin6_addr = in6addr_loopback;
        const auto* generic = reinterpret_cast<const sockaddr*>(&address);
        const int on = 1;
        ::setsockopt(sockets_[0].get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
        REQUIRE(::bind(sockets_[0].get(), generic, sizeof address) == 0);
        REQUIRE(::listen(sockets_[0].get(), 0) == 0);
        for (int i = 0; i < 4; ++i) {
            sockets_.emplace_back(
                ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
            ::connect(sockets_.back().get(), generic, sizeof address);
        }
    }

private:
    std::vector<Fd> sockets_;
};

}  // namespace

TEST_CASE("an IPv6 address in brackets and a path below the module reach the destination",
          "[e2e][C36]")
{
    if (without_ipv6()) return;
    const TempDir dir;
    write_file(dir / "src/d/file", "content");
    make_dirs(dir / "dst/sub");
    write_file(dir / "dst/beside", "not ours");
    DaemonOptions options;
    options.address = "::1";
    RealDaemon daemon({{.name = "m", .path = dir / "dst"}}, options);
    const std::string url = daemon.url("m", "sub");
    REQUIRE(url == "rsync://[::1]:" + std::to_string(daemon.port()) + "/m/sub");
    Agent agent(config_of("web", dir / "src", {url}));

    REQUIRE(agent.flush() == 0);
    write_file(dir / "src/d/live", "made while live");
    remove_file(dir / "src/d/file");
    REQUIRE(agent.flush() == 0);

    CHECK(tree_differences(dir / "src", dir / "dst/sub") == Lines{});
    CHECK(read_file(dir / "dst/beside") == "not ours");
    CHECK(agent.destination("web").at("url").as_string() == url);
}

TEST_CASE("an address with a zone is tried, or refused with a reason", "[e2e][C36]")
{
    const TempDir dir;
    write_file(dir / "src/file", "content");
    const PortLease nobody_there;
    AgentConfig config =
        config_of("web", dir / "src",
                  {"rsync://u@[fe80::1%lo]:" + std::to_string(nobody_there.port()) + "/m"});
    config.mappings[0].destinations[0].password = "p";
    config.mappings[0].destinations[0].lines = {"timeout: 2s"};
    AgentOptions options;
    options.start = false;
    Agent agent(config, options);
    if (agent.offline_command({"check"}) == 2) {
        CHECK_THAT(agent.last_output().err, Catch::Contains("fe80::1%lo"));
        return;
    }
    agent.start();

    REQUIRE(
        until([&] { return !agent.destination("web").at("last_error").is_null(); }, seconds(20)));
    const boost::json::object error = agent.destination("web").at("last_error").as_object();
    const std::string kind(error.at("kind").as_string());
    CHECK((kind == "unreachable" || kind == "timeout"));
    CHECK_THAT(std::string(error.at("message").as_string()), Catch::Contains("fe80::1%lo"));
}

TEST_CASE("a host whose first address is dead is reached at its second", "[e2e][C36]")
{
    if (without_ipv6()) return;
    const TempDir dir;
    write_file(dir / "hosts", "::1 twofold.test\n127.0.0.1 twofold.test\n127.0.0.1 localhost\n");
    const OwnHosts hosts(dir / "hosts");
    if (!hosts.works()) {
        WARN("no mount namespace to be had: names with two addresses are not tested");
        return;
    }
    write_file(dir / "src/file", "content");
    make_dirs(dir / "dst");
    RealDaemon daemon({{.name = "m", .path = dir / "dst"}});
    const std::string url = "rsync://twofold.test:" + std::to_string(daemon.port()) + "/m";

    SECTION("dead as in refused")
    {
        Agent agent(config_of("web", dir / "src", {url}));
        CHECK(agent.flush() == 0);
        CHECK(agent.destination("web").at("errors").to_number<int>() == 0);
    }
    SECTION("dead as in silent")
    {
        const DeafListener deaf(daemon.port());
        Agent agent(config_of("web", dir / "src", {url}));
        CHECK(agent.flush() == 0);
        CHECK(agent.destination("web").at("errors").to_number<int>() == 0);
    }
    CHECK(tree_differences(dir / "src", dir / "dst") == Lines{});
}

TEST_CASE("a daemon that does not let our address in stops the destination in its own words",
          "[e2e][C36]")
{
    if (without_ipv6()) return;
    const TempDir dir;
    write_file(dir / "src/file", "content");
    make_dirs(dir / "dst");
    DaemonOptions options;
    options.address = "::1";
    RealDaemon daemon({{.name = "m", .path = dir / "dst", .lines = {"hosts allow = 127.0.0.1"}}},
                      options);
    Agent agent(config_of("web", dir / "src", {daemon.url("m")}));

    REQUIRE(agent.wait_state("web", 0, "stopped"));
    const boost::json::object error = agent.destination("web").at("last_error").as_object();
    const std::string message(error.at("message").as_string());
    CHECK_THAT(message, Catch::Contains("access denied"));
    CHECK_THAT(message, Catch::Contains("::1"));
    CHECK(names_in(dir / "dst").empty());
}

}  // namespace lockstep::testing
