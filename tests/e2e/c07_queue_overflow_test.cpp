#include "tests/e2e/live_mirror.h"
#include "tests/e2e/sleeping_session.h"
#include "tests/support/event_queue.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <csignal>
#include <string>

using namespace lockstep::testing;
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
    SleepingSession session("d/y");
    LiveMirror& mirror = session.mirror;
    REQUIRE(session.fall_asleep());
    const bool replaced = GENERATE(true, false);
    CAPTURE(replaced);
    if (replaced) {
        rename_path(mirror.source("d"), mirror.outside("d"));
        make_symlink("elsewhere", mirror.source("d"));
    } else {
        write_file(mirror.source("d/x"), "x");
    }
    REQUIRE(session.was_sent());

    // As the index knows it, but not as it is sent.
    const Agent& agent = mirror.agent;
    ::kill(agent.pid(), SIGSTOP);
    overflow_event_queue(mirror.source(""));
    remove_file(mirror.source(replaced ? "d" : "d/x"));
    if (replaced) rename_path(mirror.outside("d"), mirror.source("d"));
    ::kill(agent.pid(), SIGCONT);
    // No flush is ahead of what is under way; the source has been compared by then.
    REQUIRE(mirror.agent.flush(seconds(2)) != 0);
    REQUIRE(overflows_of(agent) >= 1);
    session.wake_up();

    CHECK(mirror.flushed_differences() == Lines{});
}
