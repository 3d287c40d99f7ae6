#include "tests/e2e/traced_agent.h"
#include "tests/support/real_daemon.h"
#include "tests/support/tree_equal.h"

#include <catch2/catch.hpp>

using namespace lockstep::testing;

TEST_CASE("a file named like arguments is renamed, and no shell ever sees it", "[e2e][C15]")
{
    const TempDir dir;
    write_file(dir / "src/bystander", "stays");
    make_dirs(dir / "dst");
    RealDaemon daemon({{.name = "m", .path = dir / "dst"}});
    TracedAgent traced(config_of("web", dir / "src", {daemon.url("m")}));
    Agent& agent = traced.commands();
    const auto in_step = [&] {
        REQUIRE(agent.flush() == 0);
        REQUIRE(tree_differences(dir / "src", dir / "dst") == Lines{});
        CHECK(read_file(dir / "dst/bystander") == "stays");
    };
    in_step();

    write_file(dir / "src/ ", "blank");
    in_step();
    rename_path(dir / "src/ ", dir / "src/x");
    in_step();
    write_file(dir / "src/ -t tmp", "options");
    in_step();
    rename_path(dir / "src/ -t tmp", dir / "src/ y");
    in_step();
    write_file(dir / "src/; rm -rf .", "commands");
    rename_path(dir / "src/; rm -rf .", dir / "src/ ");
    in_step();

    REQUIRE(traced.stop());
    CHECK(traced.executed().size() == 1);  // its own
}
