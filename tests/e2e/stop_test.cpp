// How the agent ends and what its signals do.
#include "tests/e2e/live_mirror.h"
#include "tests/support/proxy.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <csignal>

using namespace lockstep::testing;
using Catch::Matchers::Contains;
using std::chrono::seconds;

TEST_CASE("SIGTERM and SIGINT end an idle agent with 0, in order", "[e2e][stop]")
{
    LiveMirror mirror;
    REQUIRE(mirror.flushed_differences() == Lines{});
    const int number = GENERATE(SIGTERM, SIGINT);

    REQUIRE(::kill(mirror.agent.pid(), number) == 0);

    CHECK(mirror.agent.wait_exit(seconds(10)) == 0);
    CHECK_THAT(mirror.agent.log_text(), Contains("agent: stopped\n"));
    CHECK_FALSE(exists(mirror.agent.socket_path()));
}

TEST_CASE("SIGTERM ends an agent whose destination is dead, in order", "[e2e][stop]")
{
    LiveMirror mirror;
    REQUIRE(mirror.flushed_differences() == Lines{});
    mirror.daemon.stop();
    write_file(mirror.source("f"), "content");
    REQUIRE(mirror.agent.wait_state("web", 0, "waiting"));

    CHECK(mirror.agent.stop(seconds(10)) == 0);
    CHECK_THAT(mirror.agent.log_text(), Contains("agent: stopped\n"));
}

TEST_CASE("SIGTERM in the middle of a transfer ends it at once and leaves nothing behind",
          "[e2e][stop]")
{
    const TempDir dir;
    make_dirs(dir / "src");
    make_dirs(dir / "dst");
    RealDaemon daemon({{.name = "m", .path = dir / "dst"}});
    Proxy proxy(daemon.port(), Line{.bytes_per_second = 2 * 1024 * 1024});
    AgentConfig slow = config_of("web", dir / "src", {daemon.url_at(proxy.port(), "m")});
    slow.mappings[0].destinations[0].lines = {"retry: { initial: 50ms, max: 500ms }"};
    Agent agent(slow);
    REQUIRE(agent.flush() == 0);
    write_file(dir / "src/large", random_bytes(16 * 1024 * 1024, 1));
    REQUIRE(until([&] { return proxy.counters().bytes_up > 200'000; }, seconds(30)));

    CHECK(agent.stop(seconds(10)) == 0);

    CHECK_THAT(agent.log_text(), Contains("agent: stopped\n"));
    // What the line still holds has to drain first.
    CHECK(until([&] { return daemon.sessions().empty(); }, seconds(60)));
    CHECK(names_in(dir / "dst").empty());

    proxy.set(Line{});
    agent.start();
    REQUIRE(agent.flush(seconds(60)) == 0);
    CHECK(tree_differences(dir / "src", dir / "dst") == Lines{});
}

TEST_CASE("SIGHUP reopens the log file", "[e2e][log]")
{
    const TempDir dir;
    make_dirs(dir / "src");
    make_dirs(dir / "dst");
    RealDaemon daemon({{.name = "m", .path = dir / "dst"}});
    AgentConfig config = config_of("web", dir / "src", {daemon.url("m")});
    config.log_lines = {"file: " + yaml_quoted(dir / "lockstep.log")};
    Agent agent(config);
    REQUIRE(agent.flush() == 0);
    REQUIRE_THAT(read_file(dir / "lockstep.log"), Contains("started"));

    rename_path(dir / "lockstep.log", dir / "lockstep.log.1");
    REQUIRE(::kill(agent.pid(), SIGHUP) == 0);

    CHECK(until(
        [&] {
            return exists(dir / "lockstep.log") &&
                   read_file(dir / "lockstep.log").find("reloaded") != std::string::npos;
        },
        seconds(10)));
    const std::string rotated = read_file(dir / "lockstep.log.1");
    write_file(dir / "src/f", "content");
    REQUIRE(agent.flush() == 0);
    CHECK(read_file(dir / "lockstep.log.1") == rotated);
    CHECK(tree_differences(dir / "src", dir / "dst") == Lines{});
}

TEST_CASE("an agent does not start from a file with mistakes", "[e2e][config]")
{
    Agent agent(AgentConfig{}, AgentOptions{.start = false, .wait_until_up = false});
    agent.write_raw_config(
        "service: { status_socket: 7s }\n"
        "mappings:\n"
        "  - name: web\n"
        "    destinations: []\n");
    agent.start();

    CHECK(agent.wait_exit(seconds(10)) == 2);
    CHECK_THAT(agent.log_text(), Contains("source") && Contains("destinations"));
    CHECK_FALSE(exists(agent.socket_path()));
}

TEST_CASE("an agent that cannot open its socket ends with 1 and says why", "[e2e][config]")
{
    const TempDir dir;
    make_dirs(dir / "src");
    AgentConfig config = config_of("web", dir / "src", {"rsync://127.0.0.1:9/m"});
    Agent first(config);
    Agent second(config, AgentOptions{.start = false, .wait_until_up = false});
    std::string yaml = yaml_of(config, first.directory());
    second.write_raw_config(yaml);
    second.start();

    CHECK(second.wait_exit(seconds(10)) == 1);
    CHECK_THAT(second.log_text(), Contains(first.socket_path()));
    CHECK(first.http("GET", "/v1/status").status == 200);
}
