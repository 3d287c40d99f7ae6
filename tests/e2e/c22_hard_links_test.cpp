#include "tests/support/agent.h"
#include "tests/support/real_daemon.h"
#include "tests/support/temp_tree.h"
#include "tests/support/tree_equal.h"

#include <catch2/catch.hpp>

using namespace lockstep::testing;

TEST_CASE("a file written through one of its names arrives under all of them", "[e2e][C22]")
{
    const bool preserved = GENERATE(true, false);
    const TempDir dir;
    make_dirs(dir / "dst");
    write_file(dir / "src/a", "first");
    make_hard_link(dir / "src/a", dir / "src/b");
    make_dirs(dir / "src/d");
    make_hard_link(dir / "src/a", dir / "src/d/c");
    RealDaemon daemon({{.name = "m", .path = dir / "dst"}});
    std::vector<std::string> lines;
    if (!preserved) lines.push_back("preserve: [links, perms, times, owner, group]");
    Agent agent(config_of("web", dir / "src", {daemon.url("m")}, lines));
    REQUIRE(agent.flush() == 0);
    if (preserved) CHECK(status_of(dir / "dst/a").st_nlink == 3);

    append_file(dir / "src/a", " and second");
    REQUIRE(agent.flush() == 0);
    CHECK(read_file(dir / "dst/b") == "first and second");
    CHECK(read_file(dir / "dst/d/c") == "first and second");
    if (preserved) CHECK(status_of(dir / "dst/a").st_nlink == 3);

    replace_file(dir / "src/b", "on its own");
    REQUIRE(agent.flush() == 0);
    CHECK(read_file(dir / "dst/b") == "on its own");
    if (preserved) {
        CHECK(status_of(dir / "dst/a").st_ino == status_of(dir / "dst/d/c").st_ino);
        CHECK(status_of(dir / "dst/b").st_nlink == 1);
        CHECK(tree_differences(dir / "src", dir / "dst") == Lines{});
    }

    make_hard_link(dir / "src/b", dir / "src/d/new");
    append_file(dir / "src/b", ", linked later");
    REQUIRE(agent.flush() == 0);
    CHECK(read_file(dir / "dst/d/new") == "on its own, linked later");
    append_file(dir / "src/d/new", "!");
    REQUIRE(agent.flush() == 0);
    CHECK(read_file(dir / "dst/b") == "on its own, linked later!");
}
