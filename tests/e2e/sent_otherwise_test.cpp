// Mappings that send something else than what is here: modes, owners, and what becomes of old
// files.
#include "tests/e2e/live_mirror.h"

#include <catch2/catch.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <string>

using namespace lockstep::testing;

namespace {

mode_t permissions(const std::string& path)
{
    return status_of(path).st_mode & 07777;
}

}  // namespace

TEST_CASE("chmod decides on the modes there", "[e2e][attributes]")
{
    LiveMirror mirror(
        {.mapping_lines = {"chmod: D2750,F640,Fu+X"}, .before = [](const std::string& source) {
             write_file(source + "/d/before", "x");
             make_symlink("before", source + "/d/link");
         }});
    REQUIRE(mirror.agent.flush() == 0);
    CHECK(permissions(mirror.dest("d")) == 02750);
    CHECK(permissions(mirror.dest("d/before")) == 0640);

    write_file(mirror.source("e/live"), "x");
    set_mode(mirror.source("e/live"), 0755);
    set_mode(mirror.source("d/before"), 0600);
    REQUIRE(mirror.agent.flush() == 0);
    CHECK(permissions(mirror.dest("e")) == 02750);
    CHECK(permissions(mirror.dest("e/live")) == 0640);
    CHECK(permissions(mirror.dest("d/before")) == 0640);

    INFO("a directory that moves keeps them, and a compare leaves them");
    rename_path(mirror.source("d"), mirror.source("moved"));
    REQUIRE(mirror.agent.flush() == 0);
    CHECK(permissions(mirror.dest("moved")) == 02750);
    CHECK(permissions(mirror.dest("moved/before")) == 0640);
    REQUIRE(mirror.agent.command({"resync", "web"}) == 0);
    CHECK(permissions(mirror.dest("moved")) == 02750);
    CHECK(permissions(mirror.dest("moved/before")) == 0640);
}

TEST_CASE("chown decides on the owners there", "[e2e][attributes]")
{
    if (::geteuid() != 0) return;
    struct Case {
        const char* chown;
        uid_t uid;
        gid_t gid;
    };
    const Case as =
        GENERATE(Case{"1234:4321", 1234, 4321}, Case{"daemon:", 1, 77}, Case{":sys", 66, 3});
    INFO(as.chown);
    LiveMirror mirror({.mapping_lines = {std::string("chown: \"") + as.chown + '"'},
                       .before = [](const std::string& source) {
                           write_file(source + "/d/before", "x");
                           set_owner(source + "/d/before", 66, 77);
                       }});
    REQUIRE(mirror.agent.flush() == 0);
    write_file(mirror.source("d/live"), "x");
    set_owner(mirror.source("d/live"), 66, 77);
    make_symlink("live", mirror.source("d/link"));
    REQUIRE(::lchown(mirror.source("d/link").c_str(), 66, 77) == 0);
    REQUIRE(mirror.agent.flush() == 0);
    for (const char* name : {"d/before", "d/live", "d/link"}) {
        INFO(name);
        CHECK(status_of(mirror.dest(name)).st_uid == as.uid);
        CHECK(status_of(mirror.dest(name)).st_gid == as.gid);
    }
}

TEST_CASE("backup keeps what is replaced or deleted", "[e2e][attributes]")
{
    const auto [backup, of_file, of_gone] = GENERATE(table<std::string, std::string, std::string>(
        {{"{dir: .trash}", ".trash/d/file", ".trash/d/gone"},
         {"{suffix: \"~\"}", "d/file~", "d/gone~"},
         {"{dir: \".t*r\", suffix: .old}", ".t*r/d/file.old", ".t*r/d/gone.old"},
         {"{dir: '.t\\r'}", ".t\\r/d/file", ".t\\r/d/gone"}}));
    INFO(backup);
    LiveMirror mirror(
        {.mapping_lines = {"backup: " + backup}, .before = [](const std::string& source) {
             write_file(source + "/d/file", "first");
             write_file(source + "/d/gone", "gone");
         }});
    REQUIRE(mirror.agent.flush() == 0);
    write_file(mirror.source("d/file"), "second");
    remove_file(mirror.source("d/gone"));
    REQUIRE(mirror.agent.flush() == 0);
    CHECK(read_file(mirror.dest("d/file")) == "second");
    CHECK(names_in(mirror.dest("d")).size() == (backup.find("dir") == std::string::npos ? 3 : 1));
    CHECK(read_file(mirror.dest(of_file)) == "first");
    CHECK(read_file(mirror.dest(of_gone)) == "gone");

    INFO("a compare deletes what is extra, but no backup");
    write_file(mirror.dest("extra"), "x");
    REQUIRE(mirror.agent.command({"resync", "web"}) == 0);
    CHECK_FALSE(exists(mirror.dest("extra")));
    CHECK(read_file(mirror.dest(of_file)) == "first");
    CHECK(read_file(mirror.dest(of_gone)) == "gone");
}
