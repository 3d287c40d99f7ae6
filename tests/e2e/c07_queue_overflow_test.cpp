#include "tests/e2e/live_mirror.h"
#include "tests/support/event_queue.h"
#include "tests/support/proxy.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <csignal>
#include <string>
#include <thread>

using namespace lockstep::testing;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

std::uint64_t overflows_of(const Agent& agent)
{
    return agent.status().at("inotify").at("queue_overflows").to_number<std::uint64_t>();
}

}  // namespace

TEST_CASE("an overflowed event queue costs its own mapping a comparison, and nobody else anything",
          "[e2e][C07]")
{
    const TempDir dir;
    for (int i = 0; i < 500; ++i) write_file(dir / ("src0/d" + std::to_string(i) + "/f"), "x");
    for (int i = 0; i < 500; ++i) write_file(dir / ("src0/old/f" + std::to_string(i)), "x");
    for (int i = 0; i < 2000; ++i) write_file(dir / ("src1/f" + std::to_string(i)), "x");
    make_dirs(dir / "dst0");
    make_dirs(dir / "dst1");
    RealDaemon daemon({{.name = "m0", .path = dir / "dst0"}, {.name = "m1", .path = dir / "dst1"}});
    AgentConfig config = config_of("busy", dir / "src0", {daemon.url("m0")});
    config.mappings.push_back(config_of("calm", dir / "src1", {daemon.url("m1")}).mappings[0]);
    Agent agent(config);
    REQUIRE(agent.flush() == 0);
    const pid_t pid = agent.pid();
    const auto sessions_before =
        agent.destination("calm").at("sessions").to_number<std::uint64_t>();

    ::kill(pid, SIGSTOP);
    overflow_event_queue(dir / "src0");
    for (int i = 0; i < 3000; ++i) write_file(dir / ("src0/new/f" + std::to_string(i)), "x");
    for (int i = 0; i < 500; ++i) remove_file(dir / ("src0/old/f" + std::to_string(i)));
    for (int i = 0; i < 100; ++i)
        rename_path(dir / ("src0/d" + std::to_string(i)), dir / ("src0/m" + std::to_string(i)));
    ::kill(pid, SIGCONT);
    write_file(dir / "src1/meanwhile", "of the other mapping");
    CHECK(until([&] { return exists(dir / "dst1/meanwhile"); }, seconds(20)));

    REQUIRE(agent.flush() == 0);
    CHECK(tree_differences(dir / "src0", dir / "dst0") == Lines{});
    CHECK(tree_differences(dir / "src1", dir / "dst1") == Lines{});
    CHECK(overflows_of(agent) >= 1);
    CHECK(overflows_of(agent) <= 2);
    CHECK(agent.pid() == pid);
    CHECK(agent.running());
    // One file, one push: what happened next door was no reason for another.
    CHECK(agent.destination("calm").at("sessions").to_number<std::uint64_t>() <=
          sessions_before + 2);
}

TEST_CASE("what is under way while events are lost is compared again when it has arrived",
          "[e2e][C07]")
{
    const TempDir dir;
    write_file(dir / "src/d/y", "y");
    make_dirs(dir / "out");
    std::this_thread::sleep_for(milliseconds(50));  // it is known for certain afterwards
    make_dirs(dir / "dst");
    RealDaemon daemon({{.name = "m", .path = dir / "dst"}});
    Proxy proxy(daemon.port());
    Agent agent(config_of("web", dir / "src", {daemon.url_at(proxy.port(), "m")}));
    REQUIRE(agent.flush() == 0);
    REQUIRE(until([&] { return daemon.sessions().size() == 1; }, seconds(10)));  // it is warm

    const bool replaced = GENERATE(true, false);
    CAPTURE(replaced);
    const std::vector<pid_t> asleep = daemon.sessions();
    for (const pid_t pid : asleep) ::kill(pid, SIGSTOP);
    const auto sent = proxy.counters().bytes_up;
    if (replaced) {
        rename_path(dir / "src/d", dir / "out/d");
        make_symlink("elsewhere", dir / "src/d");
    } else {
        write_file(dir / "src/d/x", "x");
    }
    REQUIRE(until([&] { return proxy.counters().bytes_up > sent; }, seconds(10)));

    // As the index knows it, but not as it is sent.
    ::kill(agent.pid(), SIGSTOP);
    overflow_event_queue(dir / "src");
    remove_file(dir / (replaced ? "src/d" : "src/d/x"));
    if (replaced) rename_path(dir / "out/d", dir / "src/d");
    ::kill(agent.pid(), SIGCONT);
    // No flush is ahead of what is under way; the source has been compared by then.
    REQUIRE(agent.flush(seconds(2)) != 0);
    REQUIRE(overflows_of(agent) >= 1);
    for (const pid_t pid : asleep) ::kill(pid, SIGCONT);

    CHECK(agent.flush() == 0);
    CHECK(tree_differences(dir / "src", dir / "dst") == Lines{});
}
