#include "tests/e2e/traced_agent.h"
#include "tests/support/real_daemon.h"
#include "tests/support/tree_equal.h"

#include <catch2/catch.hpp>

using namespace lockstep::testing;

TEST_CASE("the agent starts no program while it pushes", "[e2e][no_exec]")
{
    const TempDir dir;
    write_file(dir / "src/before/f", "there at the start");
    make_dirs(dir / "dst");
    RealDaemon daemon({{.name = "m", .path = dir / "dst", .user = "u", .password = "p"}});
    AgentConfig config = config_of("web", dir / "src", {daemon.url("m")});
    config.mappings[0].destinations[0].password = "p";
    TracedAgent traced(config);
    Agent& agent = traced.commands();

    REQUIRE(agent.flush() == 0);
    for (int i = 0; i < 20; ++i) write_file(dir / ("src/" + std::to_string(i) + "/f"), "content");
    REQUIRE(agent.flush() == 0);
    rename_path(dir / "src/1", dir / "src/renamed");
    remove_tree(dir / "src/2");
    append_file(dir / "src/before/f", "more");
    REQUIRE(agent.flush() == 0);
    REQUIRE(agent.command({"resync", "web"}) == 0);
    REQUIRE(tree_differences(dir / "src", dir / "dst") == Lines{});

    REQUIRE(traced.stop());
    const std::vector<std::string> executed = traced.executed();
    // Its own is the proof that the record sees one.
    REQUIRE(executed.size() == 1);
    CHECK(executed.front().find(lockstep_binary()) != std::string::npos);
}
