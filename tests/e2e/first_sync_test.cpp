// A real tree: first in one go, then alive.
#include "tests/e2e/live_mirror.h"
#include "tests/e2e/system_tree.h"

#include <catch2/catch.hpp>

#include <unistd.h>

using namespace lockstep::testing;
using Catch::Matchers::Contains;

namespace {

// A source with a real tree and a module; the agent does not run.
struct Offline {
    TempDir dir;
    RealDaemon daemon;
    Agent agent;

    explicit Offline(bool filled = true)
        : daemon({{.name = "m", .path = prepared(dir, filled), .lines = faithful()}}),
          agent(config(dir, daemon), AgentOptions{.start = false})
    {
    }

    static std::string prepared(const TempDir& dir, bool filled)
    {
        make_dirs(dir / "src");
        make_dirs(dir / "dst");
        if (filled) copy_system_tree(dir / "src");
        return dir / "dst";
    }

    static AgentConfig config(const TempDir& dir, const RealDaemon& daemon)
    {
        return config_of("web", dir / "src", {daemon.url("m")},
                         {"exclude: [\"*.tmp\", \"/cache/\"]"});
    }

    Lines differences() const { return tree_differences(dir / "src", dir / "dst"); }
};

// The directories right below the source, by name.
std::vector<std::string> top_directories(const std::string& source)
{
    std::vector<std::string> found;
    for (const std::string& name : names_in(source))
        if (S_ISDIR(status_of(source + "/" + name).st_mode)) found.push_back(name);
    return found;
}

// Appends to every tenth regular file.
void edit_some(const std::string& directory, std::size_t& counter)
{
    for (const std::string& name : names_in(directory)) {
        const std::string path = directory + "/" + name;
        const struct stat status = status_of(path);
        if (S_ISDIR(status.st_mode)) edit_some(path, counter);
        if (S_ISREG(status.st_mode) && ++counter % 10 == 0) append_file(path, "edited\n");
    }
}

}  // namespace

TEST_CASE("a real tree arrives at the first start and stays in step while it is worked on",
          "[e2e][first_sync]")
{
    LiveMirror mirror({.before = copy_system_tree});
    REQUIRE(count_entries(mirror.source()) > 500);
    REQUIRE(mirror.flushed_differences() == Lines{});
    const std::vector<std::string> tops = top_directories(mirror.source());
    REQUIRE(tops.size() >= 3);

    INFO("unpack");
    copy_system_tree(mirror.outside(""));
    const Output copied =
        run({"cp", "-a", "--", mirror.outside(tops[0]), mirror.source("unpacked")});
    REQUIRE(copied.exit_code == 0);
    REQUIRE(mirror.flushed_differences() == Lines{});

    INFO("edit");
    std::size_t counter = 0;
    edit_some(mirror.source(), counter);
    REQUIRE(mirror.flushed_differences() == Lines{});

    INFO("move");
    make_dirs(mirror.source("moved"));
    for (std::size_t i = 0; i < tops.size(); i += 2)
        rename_path(mirror.source(tops[i]), mirror.source("moved/" + tops[i]));
    REQUIRE(mirror.flushed_differences() == Lines{});

    INFO("delete");
    remove_tree(mirror.source(tops[1]));
    remove_tree(mirror.source("unpacked"));
    REQUIRE(mirror.flushed_differences() == Lines{});
    CHECK(mirror.full_compares() == 1);
}

TEST_CASE("a tree that is compared in many pieces arrives whole, and what is alien goes",
          "[e2e][first_sync]")
{
    LiveMirror mirror(
        {.mapping_lines = {"batch: { max_files: 40 }"}, .before = [](const std::string& source) {
             copy_system_tree(source);
             write_file(source + "/links/one/name", "linked");
             make_dirs(source + "/links/two");
             make_hard_link(source + "/links/one/name", source + "/links/two/name");
         }});
    REQUIRE(mirror.flushed_differences() == Lines{});
    CHECK(mirror.sent("sessions") > 5);

    write_file(mirror.dest("links/alien"), "not at the source");
    write_file(mirror.dest("alien/deep/file"), "not at the source");
    REQUIRE(mirror.agent.command({"resync", "web"}) == 0);
    CHECK(mirror.differences() == Lines{});
    CHECK(status_of(mirror.dest("links/one/name")).st_ino ==
          status_of(mirror.dest("links/two/name")).st_ino);
}

TEST_CASE("a first start compares once", "[e2e][first_sync]")
{
    LiveMirror mirror({.before = [](const std::string& source) { make_dirs(source + "/a/b/c"); }});

    REQUIRE(mirror.flushed_differences() == Lines{});

    CHECK(mirror.sent("sessions") == 1);
}

TEST_CASE("a restart in step sends no content", "[e2e][first_sync]")
{
    LiveMirror mirror({.before = copy_system_tree});
    REQUIRE(mirror.flushed_differences() == Lines{});

    mirror.agent.restart();
    REQUIRE(mirror.flushed_differences() == Lines{});

    CHECK(mirror.sent("files_sent") == 0);
    CHECK(mirror.sent("literal_bytes") == 0);
}

TEST_CASE("sync copies a real tree and ends with 0, and again with nothing to do",
          "[e2e][first_sync][sync]")
{
    Offline offline;

    CHECK(offline.agent.offline_command({"sync"}) == 0);
    CHECK_THAT(offline.agent.last_output().out, Contains("in step"));
    CHECK(offline.differences() == Lines{});

    write_file(offline.dir / "dst/alien", "not at the source");
    CHECK(offline.agent.offline_command({"sync", "web"}) == 0);
    CHECK(offline.differences() == Lines{});
    CHECK_THAT(offline.agent.last_output().out, Contains(" 0 bytes of content"));
}

TEST_CASE("sync ends with 1 when something was not sent, and says what", "[e2e][first_sync][sync]")
{
    Offline offline(false);
    write_file(offline.dir / "src/f", "content");

    SECTION("nobody listens")
    {
        offline.daemon.stop();
        CHECK(offline.agent.offline_command({"sync"}) == 1);
        CHECK_THAT(offline.agent.last_output().out, Contains(offline.daemon.url("m")));
    }
    SECTION("the source is missing")
    {
        remove_tree(offline.dir / "src");
        CHECK(offline.agent.offline_command({"sync"}) == 1);
        CHECK_THAT(offline.agent.last_output().out, Contains(offline.dir / "src"));
    }
    SECTION("a name is taken that cannot be replaced")
    {
        // What an exclude protects at the destination keeps its directory there.
        write_file(offline.dir / "dst/f/protected.tmp", "stays");
        CHECK(offline.agent.offline_command({"sync"}) == 1);
        CHECK_THAT(offline.agent.last_output().out, Contains("f"));
        CHECK(exists(offline.dir / "dst/f/protected.tmp"));
    }
}

TEST_CASE("sync and check end with 2 for a file with mistakes and name each with its place",
          "[e2e][first_sync][sync][check]")
{
    Offline offline(false);
    offline.agent.write_raw_config(
        "mappings:\n"
        "  - name: web\n"
        "    source: " +
        offline.dir / "src" +
        "\n"
        "    destinations: [\"rsync://127.0.0.1:9/m\"]\n"
        "    exclud: [\"*.tmp\"]\n"
        "    batch: { settle: soon }\n");
    for (const char* command : {"sync", "check"}) {
        INFO(command);
        CHECK(offline.agent.offline_command({command}) == 2);
        CHECK_THAT(offline.agent.last_output().err, Contains("5:5") && Contains("exclud"));
        CHECK_THAT(offline.agent.last_output().err, Contains("6:22") && Contains("soon"));
    }
    CHECK(offline.agent.offline_command({"sync", "no-such-mapping"}) == 2);
}

TEST_CASE("check counts what is there and changes nothing", "[e2e][check]")
{
    Offline offline(false);
    write_file(offline.dir / "src/a/b/f", "content");
    write_file(offline.dir / "src/cache/g", "content");

    CHECK(offline.agent.offline_command({"check"}) == 0);

    CHECK_THAT(offline.agent.last_output().out, Contains("web") && Contains("3 directories"));
    CHECK(names_in(offline.dir / "dst").empty());
}

TEST_CASE("check --connect logs in to each destination", "[e2e][check]")
{
    Offline offline(false);

    SECTION("and ends with 0 when all is well")
    {
        CHECK(offline.agent.offline_command({"check", "--connect"}) == 0);
        CHECK_THAT(offline.agent.last_output().out, Contains(offline.daemon.url("m")));
    }
    SECTION("and ends with 1 when nobody listens")
    {
        offline.daemon.stop();
        CHECK(offline.agent.offline_command({"check", "--connect"}) == 1);
        CHECK_THAT(offline.agent.last_output().out, Contains("unreachable"));
    }
    SECTION("and ends with 1 when the module is not there")
    {
        offline.daemon.set_modules({{.name = "other", .path = offline.dir / "dst"}});
        CHECK(offline.agent.offline_command({"check", "--connect"}) == 1);
        CHECK_THAT(offline.agent.last_output().out, Contains("no_module"));
    }
    SECTION("and ends with 1 when the module takes nothing")
    {
        offline.daemon.set_modules(
            {{.name = "m", .path = offline.dir / "dst", .lines = {"read only = yes"}}});
        CHECK(offline.agent.offline_command({"check", "--connect"}) == 1);
        CHECK_THAT(offline.agent.last_output().out, Contains("read_only"));
    }
    CHECK(names_in(offline.dir / "dst").empty());
}

TEST_CASE("check --path tells whether a path is sent and which rule decides", "[e2e][check]")
{
    Offline offline(false);
    make_dirs(offline.dir / "src/cache");

    CHECK(offline.agent.offline_command({"check", "--path", "a/x.tmp"}) == 0);
    CHECK_THAT(offline.agent.last_output().out, Contains("not sent") && Contains("*.tmp"));
    CHECK(offline.agent.offline_command({"check", "--path", offline.dir / "src/cache/deep/f"}) ==
          0);
    CHECK_THAT(offline.agent.last_output().out, Contains("not sent") && Contains("/cache/"));
    CHECK(offline.agent.offline_command({"check", "--path", "a/x.txt"}) == 0);
    CHECK_THAT(offline.agent.last_output().out, Contains("is sent"));
    CHECK(offline.agent.offline_command({"check", "--path", "/elsewhere"}) == 0);
    CHECK_THAT(offline.agent.last_output().out, Contains("below no mapping's source"));
}
