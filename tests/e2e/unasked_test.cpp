// Content that is sent before it is asked for, where the destination is not what it should be.
#include "tests/e2e/live_mirror.h"
#include "tests/support/proxy.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <sys/stat.h>
#include <sys/xattr.h>

using namespace lockstep::testing;
using Catch::Matchers::Contains;

namespace {

bool is_fifo(const std::string& path)
{
    struct stat status {};
    return ::lstat(path.c_str(), &status) == 0 && S_ISFIFO(status.st_mode);
}

}  // namespace

TEST_CASE("a file whose directory others took away at the destination arrives without a complaint",
          "[e2e][unasked]")
{
    LiveMirror mirror({.before = [](const std::string& source) {
        for (int i = 0; i < 10; ++i)
            write_file(source + "/d" + std::to_string(i) + "/file", "content");
    }});
    REQUIRE(mirror.flushed_differences() == Lines{});

    for (int i = 0; i < 10; ++i) {
        INFO("directory " << i);
        const std::string directory = "d" + std::to_string(i);
        remove_tree(mirror.dest(directory));
        write_file(mirror.source(directory + "/other"), "new");

        REQUIRE(mirror.agent.flush() == 0);
        CHECK(read_file(mirror.dest(directory + "/other")) == "new");
    }
    CHECK(mirror.sent("errors") == 0);
}

TEST_CASE("an attribute that a directory loses is gone at the destination too", "[e2e][unasked]")
{
    LiveMirror mirror;
    make_dirs(mirror.source("d"));
    for (int i = 0; i < 5; ++i) {
        INFO("round " << i);
        set_xattr(mirror.source("d"), "user.note", "round " + std::to_string(i));
        REQUIRE(mirror.flushed_differences() == Lines{});
        REQUIRE(::lremovexattr(mirror.source("d").c_str(), "user.note") == 0);
        write_file(mirror.source("d/file"), std::to_string(i));
        REQUIRE(mirror.flushed_differences() == Lines{});
    }
    CHECK(mirror.sent("errors") == 0);
}

TEST_CASE("small files that change what they are arrive as what they are", "[e2e][unasked]")
{
    LiveMirror mirror;
    make_dirs(mirror.source("d"));
    REQUIRE(mirror.flushed_differences() == Lines{});

    for (int i = 0; i < 10; ++i) {
        INFO("round " << i);
        const std::string path = mirror.source("d/thing");
        replace_file(path, "file " + std::to_string(i));
        REQUIRE(mirror.flushed_differences() == Lines{});
        remove_file(path);
        make_symlink("target", path);
        REQUIRE(mirror.flushed_differences() == Lines{});
        replace_file(path, "file again");
        REQUIRE(mirror.flushed_differences() == Lines{});
        remove_file(path);
        make_dirs(path + "/below");
        write_file(path + "/below/file", "x");
        REQUIRE(mirror.flushed_differences() == Lines{});
        remove_tree(path);
    }
    INFO("and where others put something else in its place");
    write_file(mirror.source("d/other"), "1");
    REQUIRE(mirror.flushed_differences() == Lines{});
    remove_file(mirror.dest("d/other"));
    make_symlink("/nowhere", mirror.dest("d/other"));
    write_file(mirror.source("d/other"), "2");
    REQUIRE(mirror.flushed_differences() == Lines{});
}

TEST_CASE("a file that replaces a FIFO does not wait for somebody to read it", "[e2e][unasked]")
{
    const TempDir dir;
    for (const char* below : {"src", "one", "two"}) make_dirs(dir / below);
    RealDaemon daemon({{.name = "one", .path = dir / "one"}});
    RealDaemon late({{.name = "two", .path = dir / "two"}});
    Proxy line(late.port());
    AgentConfig config =
        config_of("web", dir / "src", {daemon.url("one"), late.url_at(line.port(), "two")},
                  {"batch: { settle: 200ms }"});
    for (AgentDestination& destination : config.mappings[0].destinations)
        destination.lines = {"retry: { initial: 50ms, max: 200ms }", "timeout: 4s"};
    make_fifo(dir / "src/thing");
    Agent agent(config);
    REQUIRE(agent.flush() == 0);
    // The generator comes to the file after them, the receiver before.
    const auto make_links = [&](const std::string& name) {
        for (int i = 0; i < 3000; ++i)
            make_symlink("nowhere", dir / ("src/" + name + std::to_string(i)));
    };

    INFO("what one destination has acknowledged says nothing of the other");
    line.set({.delay_up = std::chrono::seconds(1)});
    write_file(dir / "src/other", "keeps it busy");
    REQUIRE(agent.wait_state("web", 1, "syncing"));
    REQUIRE(until([&] { return exists(dir / "one/other"); }, std::chrono::seconds(20)));
    make_links("a");
    replace_file(dir / "src/thing", "file");
    REQUIRE(until([&] { return exists(dir / "one/thing") && !is_fifo(dir / "one/thing"); },
                  std::chrono::seconds(20)));
    REQUIRE(is_fifo(dir / "two/thing"));
    line.set({});
    REQUIRE(agent.flush() == 0);
    CHECK(read_file(dir / "two/thing") == "file");
    CHECK_THAT(agent.log_text(), !Contains("timed out after"));

    INFO("and where others put a FIFO in its place, it waits no longer than for a sign of life");
    remove_file(dir / "one/thing");
    make_fifo(dir / "one/thing");
    make_links("b");
    write_file(dir / "src/thing", "more");
    REQUIRE(agent.flush() == 0);
    CHECK(read_file(dir / "one/thing") == "more");
}
