#include "tests/support/agent.h"
#include "tests/support/real_daemon.h"
#include "tests/support/tree_equal.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <string>

namespace lockstep::testing {

TEST_CASE("a destination that is down at start delays nobody and catches up when it is there",
          "[e2e][C28]")
{
    const TempDir dir;
    write_file(dir / "src/before", "there at start");
    make_dirs(dir / "dst0");
    make_dirs(dir / "dst1");
    RealDaemon up({{.name = "m", .path = dir / "dst0"}});
    DaemonOptions later;
    later.start = false;
    RealDaemon down({{.name = "m", .path = dir / "dst1"}}, later);
    AgentConfig config = config_of("web", dir / "src", {up.url("m"), down.url("m")});
    config.mappings[0].destinations[1].lines = {"retry: { initial: 100ms, max: 500ms }"};
    Agent agent(config);

    REQUIRE(agent.wait_state("web", 0, "in_step"));
    write_file(dir / "src/d/after", "changed while one is down");
    CHECK(until([&] { return exists(dir / "dst0/d/after"); }, std::chrono::seconds(20)));

    REQUIRE(agent.wait_state("web", 1, "waiting"));
    REQUIRE(until([&] { return agent.destination("web", 1).at("retries").to_number<int>() >= 3; },
                  std::chrono::seconds(20)));
    const boost::json::object waiting = agent.destination("web", 1);
    const boost::json::object error = waiting.at("last_error").as_object();
    CHECK(error.at("kind").as_string() == "unreachable");
    CHECK_THAT(std::string(error.at("message").as_string()), Catch::Contains("Connection refused"));
    CHECK(agent.http("GET", "/healthz").status == 503);
    // Between two attempts it says when the next one is.
    CHECK(until(
        [&] {
            const boost::json::object now = agent.destination("web", 1);
            return now.contains("retry_at") && now.at("retry_at").is_string();
        },
        std::chrono::seconds(20)));

    down.start();
    CHECK(agent.wait_state("web", 1, "in_step"));
    REQUIRE(agent.flush() == 0);
    CHECK(tree_differences(dir / "src", dir / "dst0") == Lines{});
    CHECK(tree_differences(dir / "src", dir / "dst1") == Lines{});
    CHECK(agent.http("GET", "/healthz").status == 200);
}

}  // namespace lockstep::testing
