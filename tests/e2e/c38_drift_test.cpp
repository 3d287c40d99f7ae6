#include "tests/e2e/live_mirror.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

using namespace lockstep::testing;
using std::chrono::seconds;

TEST_CASE("what others do at the destination stops nothing and is mended by a resync", "[e2e][C38]")
{
    LiveMirror mirror({.before = [](const std::string& source) {
        write_file(source + "/x", "content");
        write_file(source + "/d/file", "content");
    }});
    REQUIRE(mirror.flushed_differences() == Lines{});

    remove_file(mirror.dest("x"));
    rename_path(mirror.source("x"), mirror.source("y"));
    REQUIRE(mirror.agent.flush() == 0);
    CHECK(read_file(mirror.dest("y")) == "content");

    // A whole directory gone there, and a change within it here.
    remove_tree(mirror.dest("d"));
    write_file(mirror.source("d/other"), "new");
    REQUIRE(mirror.agent.flush() == 0);
    CHECK(read_file(mirror.dest("d/other")) == "new");

    write_file(mirror.dest("alien"), "theirs");
    set_mode(mirror.dest("y"), 0600);
    CHECK(mirror.agent.command({"resync", "web"}) == 0);
    CHECK(mirror.differences() == Lines{});
}

TEST_CASE("drift is mended by the compare that full_sync.every asks for", "[e2e][C38]")
{
    LiveMirror mirror(
        {.mapping_lines = {"full_sync: { every: 1s }"},
         .before = [](const std::string& source) { write_file(source + "/x", "content"); }});
    REQUIRE(mirror.flushed_differences() == Lines{});

    write_file(mirror.dest("alien"), "theirs");
    remove_file(mirror.dest("x"));

    CHECK(until([&] { return !exists(mirror.dest("alien")) && exists(mirror.dest("x")); },
                seconds(20)));
}
