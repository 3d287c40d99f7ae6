#include "tests/support/agent.h"
#include "tests/support/proxy.h"
#include "tests/support/real_daemon.h"
#include "tests/support/tree_equal.h"

#include <catch2/catch.hpp>

#include <string>

namespace lockstep::testing {

TEST_CASE("a daemon that is slow to greet is waited for, by few sessions and without an error",
          "[e2e][C35]")
{
    const TempDir dir;
    make_dirs(dir / "src");
    make_dirs(dir / "dst");
    RealDaemon daemon({{.name = "m", .path = dir / "dst"}});
    Line slow;
    slow.first_byte_delay = std::chrono::milliseconds(1500);
    Proxy line(daemon.port(), slow);
    AgentConfig config = config_of("web", dir / "src", {daemon.url_at(line.port(), "m")});
    config.mappings[0].destinations[0].lines = {"timeout: 20s"};
    Agent agent(config);

    for (int i = 0; i < 3; ++i) {
        // More than one event while a session is being opened.
        for (int file = 0; file < 20; ++file)
            write_file(dir / ("src/f" + std::to_string(file)), std::to_string(i));
        REQUIRE(agent.flush() == 0);
    }

    CHECK(tree_differences(dir / "src", dir / "dst") == Lines{});
    const boost::json::object row = agent.destination("web");
    CHECK(row.at("errors").to_number<int>() == 0);
    CHECK(row.at("retries").to_number<int>() == 0);
    CHECK(row.at("last_error").is_null());
    // 2 connections, a warm one, and one whose end the line has not seen yet.
    CHECK(line.counters().most_open <= 4);
}

}  // namespace lockstep::testing
