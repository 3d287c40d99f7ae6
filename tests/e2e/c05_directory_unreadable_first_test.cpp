#include "tests/e2e/live_mirror.h"
#include "tests/support/until.h"

#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

#include <unistd.h>

using namespace lockstep::testing;
using Catch::Matchers::Contains;
using std::chrono::seconds;

namespace {

bool names_unreadable(const LiveMirror& mirror, const std::string& path)
{
    const boost::json::object mapping = mirror.agent.mapping("web");
    for (const boost::json::value& one : mapping.at("unreadable").as_array())
        if (one.as_string() == path.c_str()) return true;
    return false;
}

}  // namespace

TEST_CASE("a directory unreadable at the start is named, and followed once it can be read",
          "[e2e][C05]")
{
    if (::geteuid() != 0) return;  // only root can be refused as somebody else
    LiveMirror mirror({.uid = nobody, .before = [](const std::string& source) {
                           write_file(source + "/p/f", "hidden");
                           write_file(source + "/p/deep/g", "hidden");
                           write_file(source + "/other/f", "content");
                           set_mode(source + "/p", 0);
                       }});

    CHECK(mirror.agent.flush(seconds(5)) == 1);
    CHECK_THAT(mirror.agent.last_output().err, Contains("p"));
    CHECK(names_unreadable(mirror, "p"));
    CHECK(read_file(mirror.dest("other/f")) == "content");
    write_file(mirror.source("other/g"), "all else goes on");
    CHECK(until([&] { return exists(mirror.dest("other/g")); }, seconds(10)));

    set_mode(mirror.source("p"), 0755);
    CHECK(mirror.flushed_differences() == Lines{});
    CHECK_FALSE(names_unreadable(mirror, "p"));
    write_file(mirror.source("p/new"), "seen at once");
    write_file(mirror.source("p/deep/new"), "seen at once");
    CHECK(mirror.flushed_differences() == Lines{});
    CHECK(mirror.full_compares() == 1);
}

TEST_CASE("a directory unreadable when it appears is named, and followed once it can be read",
          "[e2e][C05]")
{
    if (::geteuid() != 0) return;
    LiveMirror mirror({.uid = nobody});
    REQUIRE(mirror.agent.flush() == 0);

    write_file(mirror.outside("p/f"), "hidden");
    write_file(mirror.outside("p/deep/g"), "hidden");
    set_mode(mirror.outside("p"), 0);
    rename_path(mirror.outside("p"), mirror.source("p"));
    write_file(mirror.source("other/f"), "content");

    CHECK(mirror.agent.flush(seconds(5)) == 1);
    CHECK(names_unreadable(mirror, "p"));
    CHECK(read_file(mirror.dest("other/f")) == "content");

    set_mode(mirror.source("p"), 0755);
    CHECK(mirror.flushed_differences() == Lines{});
    CHECK_FALSE(names_unreadable(mirror, "p"));
    write_file(mirror.source("p/deep/new"), "seen at once");
    CHECK(mirror.flushed_differences() == Lines{});
}

TEST_CASE("an unreadable directory that is moved away or deleted is named no longer", "[e2e][C05]")
{
    if (::geteuid() != 0) return;
    LiveMirror mirror({.uid = nobody, .before = [](const std::string& source) {
                           for (const char* name : {"/moved/p", "/deleted/p", "/stays"}) {
                               write_file(source + name + "/f", "hidden");
                               set_mode(source + name, 0);
                           }
                       }});
    CHECK(mirror.agent.flush(seconds(5)) == 1);
    REQUIRE(names_unreadable(mirror, "moved/p"));
    REQUIRE(names_unreadable(mirror, "deleted/p"));

    rename_path(mirror.source("moved"), mirror.outside("moved"));
    remove_tree(mirror.source("deleted"));
    CHECK(mirror.agent.flush(seconds(5)) == 1);

    CHECK_FALSE(names_unreadable(mirror, "moved/p"));
    CHECK_FALSE(names_unreadable(mirror, "deleted/p"));
    CHECK(names_unreadable(mirror, "stays"));
}
