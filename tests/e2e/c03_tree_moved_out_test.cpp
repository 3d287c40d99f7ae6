#include "tests/e2e/live_mirror.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

using namespace lockstep::testing;

TEST_CASE("a tree moved out of the source goes, with its watches, and is left alone", "[e2e][C03]")
{
    LiveMirror mirror;
    for (int i = 0; i < 40; ++i)
        write_file(mirror.source("t/" + std::to_string(i) + "/f"), "content");
    REQUIRE(mirror.flushed_differences() == Lines{});
    const std::uint64_t watches = mirror.watches();
    REQUIRE(watches == 42);

    rename_path(mirror.source("t"), mirror.outside("t"));

    CHECK(mirror.flushed_differences() == Lines{});
    CHECK_FALSE(exists(mirror.dest("t")));
    CHECK(until([&] { return mirror.watches() == watches - 41; }, std::chrono::seconds(10)));
    const std::uint64_t sessions = mirror.sent("sessions");
    for (int i = 0; i < 40; ++i) {
        write_file(mirror.outside("t/" + std::to_string(i) + "/f"), "written outside");
        write_file(mirror.outside("t/" + std::to_string(i) + "/g/h"), "written outside");
    }
    CHECK(mirror.flushed_differences() == Lines{});
    CHECK(mirror.sent("sessions") == sessions);
    CHECK(mirror.sent("errors") == 0);
}
