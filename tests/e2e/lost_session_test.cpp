// A session that we have lost, and that the daemon has not.
#include "tests/e2e/sleeping_session.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <string>

using namespace lockstep::testing;
using std::chrono::seconds;

TEST_CASE("what a daemon does late for a lost session is mended before a flush says yes",
          "[e2e][lost_session]")
{
    SleepingSession session("d/other");
    LiveMirror& mirror = session.mirror;
    REQUIRE(session.fall_asleep());

    // It sleeps over a list that removes `other`, and over the end of the line.
    remove_file(mirror.source("d/other"));
    REQUIRE(session.was_sent());
    mirror.proxy->cut_all();
    REQUIRE(until([&] { return !exists(mirror.dest("d/other")); }, seconds(10)));
    write_file(mirror.source("d/other"), "come again");
    REQUIRE(until([&] { return exists(mirror.dest("d/other")); }, seconds(10)));
    session.wake_up();

    CHECK(mirror.flushed_differences() == Lines{});
}

TEST_CASE("a directory that came again is there though a lost session removes it late",
          "[e2e][lost_session]")
{
    SleepingSession session("d/sub/f");
    LiveMirror& mirror = session.mirror;
    REQUIRE(session.fall_asleep());

    rename_path(mirror.source("d"), mirror.outside("d"));
    REQUIRE(session.was_sent());
    mirror.proxy->cut_all();
    REQUIRE(until([&] { return !exists(mirror.dest("d")); }, seconds(10)));
    rename_path(mirror.outside("d"), mirror.source("d"));
    REQUIRE(until([&] { return exists(mirror.dest("d/sub/f")); }, seconds(10)));
    session.wake_up();

    CHECK(mirror.flushed_differences() == Lines{});
}
