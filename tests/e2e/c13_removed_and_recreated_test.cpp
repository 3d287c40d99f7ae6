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
