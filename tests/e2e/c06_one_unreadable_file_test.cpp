#include "tests/e2e/live_mirror.h"

#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

#include <unistd.h>

using namespace lockstep::testing;
using Catch::Matchers::Contains;
using std::chrono::seconds;

TEST_CASE("one unreadable file is reported, and all others of its batch arrive", "[e2e][C06]")
{
    if (::geteuid() != 0) return;  // only root can be refused as somebody else
    LiveMirror mirror({.uid = nobody});
    REQUIRE(mirror.agent.flush() == 0);

    // In one go: filled outside, moved in.
    for (int i = 0; i < 200; ++i)
        write_file(mirror.outside("d/" + std::to_string(i)), "content " + std::to_string(i));
    set_mode(mirror.outside("d/117"), 0);
    rename_path(mirror.outside("d"), mirror.source("d"));

    CHECK(mirror.agent.flush(seconds(5)) == 1);
    CHECK_THAT(mirror.agent.last_output().err, Contains("d/117"));
    CHECK(names_in(mirror.dest("d")).size() == 199);
    const boost::json::object row = mirror.agent.destination("web");
    CHECK(row.at("state").as_string() != "in_step");
    const boost::json::object& error = row.at("last_error").as_object();
    CHECK(error.at("kind").as_string() == "permission");
    CHECK(boost::json::serialize(error.at("paths")) == "[\"d/117\"]");
    // What comes later is not held up.
    write_file(mirror.source("d/later"), "content");
    CHECK(mirror.agent.flush(seconds(5)) == 1);
    CHECK(read_file(mirror.dest("d/later")) == "content");

    set_mode(mirror.source("d/117"), 0644);
    CHECK(mirror.flushed_differences() == Lines{});
    CHECK(mirror.agent.destination("web").at("state").as_string() == "in_step");
}
