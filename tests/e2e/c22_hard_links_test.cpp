#include "tests/e2e/live_mirror.h"
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

TEST_CASE("what was written through a name that is another file by now arrives under the others",
          "[e2e][C22]")
{
    LiveMirror mirror({.before = [](const std::string& source) {
        write_file(source + "/a", "x");
        make_dirs(source + "/links");
    }});
    make_hard_link(mirror.source("a"), mirror.source("links/b"));
    REQUIRE(mirror.flushed_differences() == Lines{});

    const int times = 20;
    for (int i = 0; i < times; ++i) {
        REQUIRE(mirror.agent.command({"pause", "web"}) == 0);
        append_file(mirror.source("a"), "y");
        replace_file(mirror.source("a"), "another");
        REQUIRE(mirror.agent.command({"resume", "web"}) == 0);
        REQUIRE(mirror.flushed_differences() == Lines{});
        remove_file(mirror.source("a"));
        make_hard_link(mirror.source("links/b"), mirror.source("a"));
        REQUIRE(mirror.flushed_differences() == Lines{});
    }
}

TEST_CASE("a directory that comes in with a name of a file makes it one file there", "[e2e][C22]")
{
    LiveMirror mirror;
    write_file(mirror.source("a"), "x");
    REQUIRE(mirror.flushed_differences() == Lines{});

    make_dirs(mirror.outside("d/e"));
    make_hard_link(mirror.source("a"), mirror.outside("d/e/b"));
    rename_path(mirror.outside("d"), mirror.source("d"));
    REQUIRE(mirror.flushed_differences() == Lines{});

    rename_path(mirror.source("d"), mirror.source("moved"));
    REQUIRE(mirror.flushed_differences() == Lines{});
    append_file(mirror.source("moved/e/b"), "y");
    REQUIRE(mirror.flushed_differences() == Lines{});
    CHECK(status_of(mirror.dest("a")).st_ino == status_of(mirror.dest("moved/e/b")).st_ino);
}
