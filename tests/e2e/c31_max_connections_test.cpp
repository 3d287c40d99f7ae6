#include "tests/support/agent.h"
#include "tests/support/real_daemon.h"
#include "tests/support/tree_equal.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <string>

namespace lockstep::testing {

using std::chrono::seconds;

namespace {

std::string state_of(const Agent& agent, const std::string& name)
{
    return std::string(agent.destination(name).at("state").as_string());
}

// Takes the only connection of module m, as a client that does nothing with it.
Fd take_connection(const RealDaemon& daemon)
{
    Fd socket;
    const bool taken = until(
        [&] {
            socket = connect_to("127.0.0.1", daemon.port());
            receive_line(socket.get(), seconds(10));
            send_all(socket.get(), "@RSYNCD: 31.0 md5\nm\n");
            return receive_line(socket.get(), seconds(10)) == "@RSYNCD: OK";
        },
        seconds(20));
    REQUIRE(taken);
    return socket;
}

}  // namespace

TEST_CASE("a daemon that has no connection left is waited for, and two mappings share one",
          "[e2e][C31]")
{
    const TempDir dir;
    for (const char* name : {"src0", "src1", "dst/zero", "dst/one"}) make_dirs(dir / name);
    RealDaemon daemon({{.name = "m", .path = dir / "dst", .lines = {"max connections = 1"}}});
    AgentConfig config = config_of("zero", dir / "src0", {daemon.url("m", "zero")});
    const AgentConfig other = config_of("one", dir / "src1", {daemon.url("m", "one")});
    config.mappings.push_back(other.mappings[0]);
    for (AgentMapping& mapping : config.mappings)
        mapping.destinations[0].lines = {"retry: { initial: 50ms, max: 500ms }"};
    Agent agent(config);
    REQUIRE(agent.flush() == 0);

    SECTION("the refusal is told in the daemon's words, and nobody is stopped")
    {
        Fd taken = take_connection(daemon);
        write_file(dir / "src0/file", "content");

        REQUIRE(agent.wait_state("zero", 0, "waiting"));
        const boost::json::object error = agent.destination("zero").at("last_error").as_object();
        CHECK(error.at("kind").as_string() == "busy");
        CHECK_THAT(std::string(error.at("message").as_string()),
                   Catch::Contains("max connections (1) reached"));

        taken = Fd();
        CHECK(agent.wait_state("zero", 0, "in_step"));
        CHECK(agent.flush() == 0);
    }
    SECTION("changes in both mappings arrive in turn")
    {
        std::size_t stopped = 0;
        for (int i = 0; i < 100; ++i) {
            write_file(dir / ("src0/f" + std::to_string(i % 10)), std::to_string(i));
            write_file(dir / ("src1/f" + std::to_string(i % 10)), std::to_string(i));
            for (const char* name : {"zero", "one"})
                if (state_of(agent, name) == "stopped") ++stopped;
        }
        CHECK(agent.flush() == 0);
        CHECK(stopped == 0);
    }
    CHECK(tree_differences(dir / "src0", dir / "dst/zero") == Lines{});
    CHECK(tree_differences(dir / "src1", dir / "dst/one") == Lines{});
}

TEST_CASE("a push of several sessions waits for the slot of its own last one", "[e2e][C31]")
{
    const TempDir dir;
    write_file(dir / "src/d/file", "content");
    make_dirs(dir / "dst");
    // A session keeps its slot for a while after its end.
    RealDaemon daemon({{.name = "m",
                        .path = dir / "dst",
                        .lines = {"max connections = 1", "post-xfer exec = /bin/sleep 0.3"}}});
    AgentConfig config =
        config_of("web", dir / "src", {daemon.url("m")}, {"batch: { max_files: 1 }"});
    config.mappings[0].destinations[0].lines = {"warm_sessions: 0",
                                                "retry: { initial: 50ms, max: 500ms }"};
    Agent agent(config);

    CHECK(agent.flush(seconds(20)) == 0);  // a compare, a session a directory
    CHECK(tree_differences(dir / "src", dir / "dst") == Lines{});
}

}  // namespace lockstep::testing
