#include "tests/e2e/live_mirror.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <string>

using namespace lockstep::testing;
using std::chrono::seconds;

namespace {

void fill(const std::string& directory, int count, const std::string& content)
{
    make_dirs(directory);
    for (int i = 0; i < count; ++i) write_file(directory + "/f" + std::to_string(i), content);
}

// A flush may say no while the new root is being scanned.
bool gets_in_step(LiveMirror& mirror)
{
    return until([&] { return mirror.agent.flush(seconds(10)) == 0; }, seconds(30));
}

}  // namespace

TEST_CASE("a source that is deleted deletes nothing, and goes on when it is made again",
          "[e2e][C10]")
{
    LiveMirror mirror({.before = [](const std::string& source) { fill(source, 100, "first"); }});
    REQUIRE(mirror.flushed_differences() == Lines{});

    remove_tree(mirror.source());
    REQUIRE(mirror.agent.wait_mapping_state("web", "source_missing"));
    CHECK(mirror.agent.flush(seconds(2)) == 1);
    CHECK(exists(mirror.dest("f0")));

    fill(mirror.source(), 10, "second");
    REQUIRE(gets_in_step(mirror));
    CHECK(mirror.differences() == Lines{});
    write_file(mirror.source("later"), "seen");
    CHECK(mirror.flushed_differences() == Lines{});
}

TEST_CASE("a source that another directory takes the place of is followed there", "[e2e][C10]")
{
    LiveMirror mirror({.before = [](const std::string& source) { fill(source, 100, "first"); }});
    REQUIRE(mirror.flushed_differences() == Lines{});

    fill(mirror.outside("next"), 60, "other");
    // At once, as a deployment does.
    exchange_paths(mirror.outside("next"), mirror.source());
    REQUIRE(gets_in_step(mirror));
    // Until the new root is noticed a flush may be about the old one.
    CHECK(until([&] { return mirror.flushed_differences() == Lines{}; }, seconds(20)));

    write_file(mirror.source("later"), "seen");
    write_file(mirror.outside("next/stray"), "not ours any more");
    CHECK(mirror.flushed_differences() == Lines{});
    CHECK_FALSE(exists(mirror.dest("stray")));
}
