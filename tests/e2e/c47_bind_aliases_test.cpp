#include "tests/e2e/live_mirror.h"
#include "tests/support/mount.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <optional>
#include <string>

using namespace lockstep::testing;
using std::chrono::seconds;

namespace {

// Names of one file through the two mounts are no links: they are in two places for everybody.
Lines differences(const LiveMirror& mirror)
{
    Compare compare;
    compare.hard_links = false;
    return quick_differences(mirror.source(), mirror.dest(), compare);
}

bool gets_equal(LiveMirror& mirror)
{
    return until(
        [&] { return mirror.agent.flush(seconds(10)) == 0 && differences(mirror) == Lines{}; },
        seconds(20));
}

}  // namespace

TEST_CASE("a directory that is mounted again below its own source is kept under both names",
          "[e2e][C47]")
{
    if (!may_mount()) return;
    std::optional<Mount> alias;
    LiveMirror mirror({.mapping_lines = {"one_file_system: false", "poll_interval: 1s"},
                       .before = [&](const std::string& source) {
                           write_file(source + "/a/f", "x");
                           write_file(source + "/a/d/g", "x");
                           make_dirs(source + "/b");
                           alias.emplace(Mount::bind(source + "/a", source + "/b"));
                       }});
    REQUIRE(gets_equal(mirror));
    CHECK(read_file(mirror.dest("b/d/g")) == "x");

    write_file(mirror.source("a/through-a"), "x");
    CHECK(gets_equal(mirror));
    write_file(mirror.source("b/through-b"), "x");
    CHECK(gets_equal(mirror));
    rename_path(mirror.source("a/d"), mirror.source("a/e"));
    CHECK(gets_equal(mirror));
    append_file(mirror.source("b/e/g"), "y");
    CHECK(gets_equal(mirror));
    CHECK(mirror.agent.stop() == 0);
    alias.reset();
}

TEST_CASE("on one file system a bind mount below the source is a boundary", "[e2e][C47]")
{
    if (!may_mount()) return;
    LiveMirror mirror({.before = [](const std::string& source) {
        write_file(source + "/a/f", "x");
        write_file(source + "/b/own", "below the mount");
    }});
    REQUIRE(mirror.flushed_differences() == Lines{});
    std::optional<Mount> alias(Mount::bind(mirror.source("a"), mirror.source("b")));

    write_file(mirror.source("a/g"), "x");
    write_file(mirror.source("b/h"), "x");
    REQUIRE(mirror.agent.flush() == 0);
    CHECK(mirror.agent.command({"resync", "web"}) == 0);

    CHECK(names_in(mirror.dest("a")) == Lines{"f", "g", "h"});
    CHECK(names_in(mirror.dest("b")) == Lines{"own"});
    CHECK(mirror.sent("errors") == 0);
    alias->unmount();
}
