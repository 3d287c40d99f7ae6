// Processes, the real daemon, and the proxy before it do what the other tests rely on.
#include "tests/support/agent.h"
#include "tests/support/child.h"
#include "tests/support/proxy.h"
#include "tests/support/real_daemon.h"
#include "tests/support/scripted_server.h"
#include "tests/support/temp_tree.h"
#include "tests/support/tree_equal.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <unistd.h>

#include <csignal>
#include <string>

namespace lockstep::testing {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

// A stock client's push; its exit code.
Output push(const std::string& from, const std::string& url, const std::string& password = "")
{
    Command command;
    command.argv = {"/usr/bin/rsync", "-a",       "--modify-window=-1",
                    "--timeout=20",   from + "/", url + "/"};
    if (!password.empty()) command.env = {"RSYNC_PASSWORD=" + password};
    return run(command);
}

}  // namespace

TEST_CASE("a child's exit code, signal and output are told", "[support][child]")
{
    const Output said = run({"sh", "-c", "echo out; echo err >&2; exit 7"});
    CHECK(said.exit_code == 7);
    CHECK(said.out == "out\n");
    CHECK(said.err == "err\n");
    CHECK(run({"sh", "-c", "kill -TERM $$"}).exit_code == 128 + SIGTERM);
    CHECK_THROWS(run({"/nonexistent/program"}));
}

TEST_CASE("a program starts as another user who may not enter the folder that it is in",
          "[support][child]")
{
    if (::geteuid() != 0) return;
    const TempDir dir;
    const std::string program = dir / "private/program";
    write_file(program, read_file("/bin/true"));
    set_mode(program, 0755);
    set_mode(dir / "private", 0700);
    Command command;
    command.argv = {program};
    command.uid = nobody;

    CHECK(run(command).exit_code == 0);
}

TEST_CASE("nothing that a child started outlives it", "[support][child]")
{
    pid_t grandchild = 0;
    {
        Command command;
        command.argv = {"sh", "-c", "sleep 600 & echo $!; wait"};
        Child child(command);
        REQUIRE(until([&] { return child.out().ends_with('\n'); }, seconds(10)));
        grandchild = static_cast<pid_t>(std::stol(child.out()));
        REQUIRE(group_members(child.pid()) == std::vector<pid_t>{grandchild});
    }
    // Gone, or a zombie that init has yet to reap.
    CHECK(until([&] { return resident_bytes(grandchild) == 0; }, seconds(10)));
}

TEST_CASE("a temporary directory goes away whatever is in it", "[support][temp_tree]")
{
    std::string path;
    {
        const TempDir dir;
        path = dir.path();
        write_file(dir / "closed/inside/file", "x");
        set_mode(dir / "closed/inside", 0);
        set_mode(dir / "closed", 0);
        std::string deep = dir / "deep";
        for (int i = 0; i < 1200; ++i) deep += "/d";
        make_dirs(deep);
    }
    CHECK_FALSE(exists(path));
}

TEST_CASE("a real daemon takes a push, with and without a password", "[support][real_daemon]")
{
    const TempDir dir;
    write_file(dir / "src/a", "1");
    make_dirs(dir / "open");
    make_dirs(dir / "locked");
    RealDaemon daemon({{.name = "open", .path = dir / "open"},
                       {.name = "locked", .path = dir / "locked", .user = "u", .password = "p"}});

    CHECK(push(dir / "src", daemon.url("open")).exit_code == 0);
    CHECK(push(dir / "src", daemon.url("locked"), "p").exit_code == 0);
    CHECK(push(dir / "src", daemon.url("locked"), "wrong").exit_code == 5);
    CHECK(quick_differences(dir / "src", dir / "open") == Lines{});
    CHECK(quick_differences(dir / "src", dir / "locked") == Lines{});
}

TEST_CASE("a killed daemon is gone with its sessions and comes back on its port",
          "[support][real_daemon]")
{
    const TempDir dir;
    write_file(dir / "src/a", "1");
    make_dirs(dir / "dst");
    RealDaemon daemon({{.name = "m", .path = dir / "dst"}});
    const Fd held = connect_to("127.0.0.1", daemon.port());
    REQUIRE(until([&] { return daemon.sessions().size() == 1; }, seconds(10)));

    daemon.kill9();
    CHECK_FALSE(is_listening(daemon.port()));
    CHECK_FALSE(daemon.running());
    CHECK(push(dir / "src", daemon.url("m")).exit_code == 10);

    daemon.start();
    CHECK(push(dir / "src", daemon.url("m")).exit_code == 0);
}

TEST_CASE("a real daemon listens on ::1 too", "[support][real_daemon]")
{
    if (!has_ipv6_loopback()) return;
    const TempDir dir;
    write_file(dir / "src/a", "1");
    make_dirs(dir / "dst");
    RealDaemon daemon({{.name = "m", .path = dir / "dst"}}, {.address = "::1"});

    CHECK(push(dir / "src", daemon.url("m")).exit_code == 0);
}

TEST_CASE("a proxy carries a push unchanged and counts it", "[support][proxy]")
{
    const TempDir dir;
    write_file(dir / "src/a", random_bytes(3'000'000, 1));
    make_dirs(dir / "dst");
    RealDaemon daemon({{.name = "m", .path = dir / "dst"}});
    Proxy proxy(daemon.port());

    CHECK(push(dir / "src", daemon.url_at(proxy.port(), "m")).exit_code == 0);

    CHECK(tree_differences(dir / "src", dir / "dst") == Lines{});
    CHECK(proxy.counters().connections == 1);
    CHECK(proxy.counters().bytes_up > 3'000'000);
    CHECK(until([&] { return proxy.counters().open == 0; }, seconds(10)));
}

TEST_CASE("a proxy cuts after just as many bytes", "[support][proxy]")
{
    std::atomic<std::size_t> received = 0;
    ScriptedServer server([&](int socket) {
        while (true) {
            const auto some = receive_some(socket, 65536, seconds(10));
            if (!some || some->empty()) return;
            received += some->size();
        }
    });
    Proxy proxy(server.port(), {.cut_after_up = 100'001});

    const Fd client = connect_to("127.0.0.1", proxy.port());
    send_all(client.get(), std::string(150'000, 'x'));

    const auto end = receive_some(client.get(), 1, seconds(10));
    CHECK(end == std::string());  // a reset
    CHECK(until([&] { return received == 100'001U; }, seconds(10)));
}

TEST_CASE("a proxy holds back, throttles and swallows", "[support][proxy]")
{
    ScriptedServer server([](int socket) {
        send_all(socket, "hello\n");
        send_all(socket, std::string(20'000, 'x') + "\n");
        receive_line(socket, seconds(10));
    });
    const auto begin = std::chrono::steady_clock::now();
    const auto passed = [&] { return std::chrono::steady_clock::now() - begin; };
    Proxy proxy(server.port());

    SECTION("the first bytes")
    {
        proxy.set({.first_byte_delay = milliseconds(300)});
        const Fd client = connect_to("127.0.0.1", proxy.port());
        CHECK(receive_line(client.get(), seconds(10)) == "hello");
        CHECK(passed() >= milliseconds(300));
    }
    SECTION("each byte")
    {
        proxy.set({.bytes_per_second = 50'000});
        const Fd client = connect_to("127.0.0.1", proxy.port());
        CHECK(receive_line(client.get(), seconds(10)) == "hello");
        CHECK(receive_line(client.get(), seconds(10)) == std::string(20'000, 'x'));
        CHECK(passed() >= milliseconds(300));
    }
    SECTION("all of them")
    {
        proxy.set({.black_hole = true});
        const Fd client = connect_to("127.0.0.1", proxy.port());
        CHECK(receive_some(client.get(), 1, milliseconds(200)) == std::nullopt);
        proxy.set({});
        CHECK(receive_line(client.get(), seconds(10)) == "hello");
    }
}

TEST_CASE("a proxy that refuses, cuts or is closed looks like a dead line", "[support][proxy]")
{
    ScriptedServer server([](int socket) { receive_line(socket, seconds(30)); });
    Proxy proxy(server.port());
    const Fd client = connect_to("127.0.0.1", proxy.port());
    REQUIRE(until([&] { return server.connections() == 1; }, seconds(10)));

    proxy.cut_all();
    CHECK(receive_some(client.get(), 1, seconds(10)) == std::string());

    proxy.set({.refuse = true});
    const Fd refused = connect_to("127.0.0.1", proxy.port());
    CHECK(receive_some(refused.get(), 1, seconds(10)) == std::string());

    proxy.close_listener();
    CHECK_THROWS(connect_to("127.0.0.1", proxy.port()));
    proxy.open_listener();
    CHECK_NOTHROW(connect_to("127.0.0.1", proxy.port()));
    CHECK(server.connections() == 1);
}

}  // namespace lockstep::testing
