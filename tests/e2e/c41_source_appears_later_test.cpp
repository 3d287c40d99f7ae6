#include "tests/support/agent.h"
#include "tests/support/real_daemon.h"
#include "tests/support/tree_equal.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <string>

using namespace lockstep::testing;
using std::chrono::seconds;

TEST_CASE("a source that is not there at the start is taken up when it comes", "[e2e][C41]")
{
    const TempDir dir;
    make_dirs(dir / "there");
    make_dirs(dir / "dst0");
    make_dirs(dir / "dst1");
    RealDaemon daemon({{.name = "m0", .path = dir / "dst0"}, {.name = "m1", .path = dir / "dst1"}});
    AgentConfig config = config_of("late", dir / "home", {daemon.url("m0")});
    config.mappings.push_back(config_of("fine", dir / "there", {daemon.url("m1")}).mappings[0]);
    write_file(dir / "dst0/kept", "until there is a source");
    Agent agent(config);

    REQUIRE(agent.wait_mapping_state("late", "source_missing"));
    write_file(dir / "there/f", "x");
    CHECK(agent.flush(seconds(20), {"fine"}) == 0);
    CHECK(tree_differences(dir / "there", dir / "dst1") == Lines{});
    CHECK(agent.flush(seconds(2), {"late"}) == 1);
    CHECK(exists(dir / "dst0/kept"));

    for (int i = 0; i < 1000; ++i)
        write_file(dir / ("filling/d" + std::to_string(i % 7) + "/f" + std::to_string(i)), "x");
    rename_path(dir / "filling", dir / "home");

    CHECK(until([&] { return exists(dir / "dst0/d6"); }, seconds(20)));
    REQUIRE(until([&] { return agent.flush(seconds(20), {"late"}) == 0; }, seconds(30)));
    CHECK(tree_differences(dir / "home", dir / "dst0") == Lines{});
}
