// A session that we have lost, and that the daemon has not.
#include "tests/support/agent.h"
#include "tests/support/proxy.h"
#include "tests/support/real_daemon.h"
#include "tests/support/tree_equal.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <csignal>
#include <string>

using namespace lockstep::testing;
using std::chrono::seconds;

TEST_CASE("what a daemon does late for a lost session is mended before a flush says yes",
          "[e2e][lost_session]")
{
    const TempDir dir;
    write_file(dir / "src/d/other", "x");
    make_dirs(dir / "dst");
    RealDaemon daemon({{.name = "m", .path = dir / "dst"}});
    Proxy proxy(daemon.port());
    AgentConfig config = config_of("web", dir / "src", {daemon.url_at(proxy.port(), "m")});
    config.mappings[0].destinations[0].lines = {"retry: { initial: 20ms, max: 100ms }"};
    Agent agent(config);
    REQUIRE(agent.flush() == 0);
    REQUIRE(until([&] { return daemon.sessions().size() == 1; }, seconds(10)));  // it is warm

    // It sleeps over a list that removes `other`, and over the end of the line.
    const std::vector<pid_t> asleep = daemon.sessions();
    for (const pid_t pid : asleep) ::kill(pid, SIGSTOP);
    const auto sent = proxy.counters().bytes_up;
    remove_file(dir / "src/d/other");
    REQUIRE(until([&] { return proxy.counters().bytes_up > sent; }, seconds(10)));
    proxy.cut_all();
    REQUIRE(until([&] { return !exists(dir / "dst/d/other"); }, seconds(10)));
    write_file(dir / "src/d/other", "come again");
    REQUIRE(until([&] { return exists(dir / "dst/d/other"); }, seconds(10)));
    for (const pid_t pid : asleep) ::kill(pid, SIGCONT);

    CHECK(agent.flush() == 0);
    CHECK(tree_differences(dir / "src", dir / "dst") == Lines{});
}
