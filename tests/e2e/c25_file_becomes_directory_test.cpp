#include "tests/support/agent.h"
#include "tests/support/real_daemon.h"
#include "tests/support/tree_equal.h"

#include <catch2/catch.hpp>

#include <string>

namespace lockstep::testing {

namespace {

// Four names, each of another kind; "a" is a file, "b" a directory that is not empty.
void make_all_kinds(const std::string& source)
{
    write_file(source + "/a", "a file");
    write_file(source + "/b/inside/file", "below a directory");
    write_file(source + "/b/other", "more");
    make_symlink("nowhere", source + "/c");
    make_fifo(source + "/d");
}

// Every name changes its kind: the file's goes round all four.
void rotate(const std::string& source)
{
    exchange_paths(source + "/a", source + "/b");
    exchange_paths(source + "/b", source + "/c");
    exchange_paths(source + "/c", source + "/d");
}

}  // namespace

TEST_CASE("a name that changes its kind has the new kind at the destination", "[e2e][C25]")
{
    const TempDir dir;
    make_dirs(dir / "dst");
    make_all_kinds(dir / "src");
    RealDaemon daemon({{.name = "m", .path = dir / "dst"}});
    Agent agent(config_of("web", dir / "src", {daemon.url("m")}));
    REQUIRE(agent.flush() == 0);
    REQUIRE(tree_differences(dir / "src", dir / "dst") == Lines{});

    SECTION("one flush after each change")
    {
        for (int round = 0; round < 10; ++round) {
            INFO("round " << round);
            rotate(dir / "src");
            REQUIRE(agent.flush() == 0);
            REQUIRE(tree_differences(dir / "src", dir / "dst") == Lines{});
        }
    }
    SECTION("many changes within the settle time")
    {
        for (int round = 0; round < 11; ++round) rotate(dir / "src");
        REQUIRE(agent.flush() == 0);
        REQUIRE(tree_differences(dir / "src", dir / "dst") == Lines{});
    }
}

TEST_CASE("a name changes its kind also where nothing is deleted", "[e2e][C25]")
{
    const TempDir dir;
    make_dirs(dir / "dst");
    write_file(dir / "src/a", "a file");
    write_file(dir / "src/b/inside", "below a directory");
    RealDaemon daemon({{.name = "m", .path = dir / "dst"}});
    Agent agent(config_of("web", dir / "src", {daemon.url("m")}, {"delete: false"}));
    REQUIRE(agent.flush() == 0);

    exchange_paths(dir / "src/a", dir / "src/b");

    REQUIRE(agent.flush() == 0);
    CHECK(tree_differences(dir / "src", dir / "dst") == Lines{});
}

}  // namespace lockstep::testing
