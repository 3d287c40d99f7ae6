#include "tests/e2e/live_mirror.h"

#include <catch2/catch.hpp>

using namespace lockstep::testing;

TEST_CASE("a directory renamed away and back is followed under its own name", "[e2e][C02]")
{
    LiveMirror mirror;
    for (int i = 0; i < 5; ++i) write_file(mirror.source("a/b/c/f" + std::to_string(i)), "old");
    REQUIRE(mirror.flushed_differences() == Lines{});
    const bool arrives_in_between = GENERATE(false, true);

    rename_path(mirror.source("a"), mirror.source("z"));
    if (arrives_in_between) {
        REQUIRE(mirror.flushed_differences() == Lines{});
    }
    rename_path(mirror.source("z"), mirror.source("a"));
    write_file(mirror.source("a/b/c/f1"), "rewritten");
    write_file(mirror.source("a/b/c/n"), "new");

    CHECK(mirror.flushed_differences() == Lines{});
    CHECK_FALSE(exists(mirror.dest("z")));
    append_file(mirror.source("a/b/c/n"), ", and later");
    CHECK(mirror.flushed_differences() == Lines{});
    CHECK(mirror.full_compares() == 1);
}
