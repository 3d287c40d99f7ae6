#include "tests/e2e/live_mirror.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

using namespace lockstep::testing;

TEST_CASE("a directory removed and made again in one breath keeps being watched", "[e2e][C13]")
{
    LiveMirror mirror;
    REQUIRE(mirror.agent.flush() == 0);
    for (int i = 0; i < 500; ++i) {
        remove_tree(mirror.source("d"));
        write_file(mirror.source("d/sub/f"), std::to_string(i));
    }
    REQUIRE(mirror.flushed_differences() == Lines{});

    // Each write is seen by itself, without a flush that would look for it.
    for (int i = 0; i < 20; ++i) {
        const std::string name = "d/sub/" + std::to_string(i);
        write_file(mirror.source(name), "single");
        INFO(name);
        REQUIRE(until([&] { return exists(mirror.dest(name)); }, std::chrono::seconds(10)));
    }
    CHECK(mirror.flushed_differences() == Lines{});
    CHECK(mirror.full_compares() == 1);
}

TEST_CASE("a directory removed while nobody looked and made again before it is sent is compared",
          "[e2e][C13]")
{
    const bool by_a_file = GENERATE(false, true);  // in its place when the agent starts
    LiveMirror mirror({.before = [](const std::string& source) {
        write_file(source + "/a/old/f", "x");
        write_file(source + "/a/g", "x");
        write_file(source + "/kept", "so that it is not empty");
    }});
    REQUIRE(mirror.flushed_differences() == Lines{});

    mirror.daemon.stop();
    REQUIRE(mirror.agent.stop() == 0);
    rename_path(mirror.source("a"), mirror.outside("a"));
    if (by_a_file) write_file(mirror.source("a"), "a file");
    mirror.agent.start();
    REQUIRE(mirror.agent.wait_mapping_state("web", "live"));
    REQUIRE(mirror.agent.wait_state("web", 0, "waiting"));

    if (by_a_file) remove_file(mirror.source("a"));
    write_file(mirror.source("a/new/f"), "x");
    mirror.daemon.start();
    CHECK(mirror.flushed_differences() == Lines{});
}

TEST_CASE("a directory that could not be deleted there and was made again is compared",
          "[e2e][C13]")
{
    LiveMirror mirror({.before = [](const std::string& source) {
        write_file(source + "/a/old/f", "x");
        write_file(source + "/kept", "x");
    }});
    REQUIRE(mirror.flushed_differences() == Lines{});
    if (!set_immutable(mirror.dest("a/old"), true)) return;

    remove_tree(mirror.source("a"));
    CHECK(mirror.agent.flush() == 1);
    write_file(mirror.source("a/new/f"), "x");
    mirror.agent.flush();
    set_immutable(mirror.dest("a/old"), false);
    CHECK(mirror.flushed_differences() == Lines{});
}
