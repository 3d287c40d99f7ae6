// Links that stand for directories: `follow`.
#include "tests/e2e/live_mirror.h"
#include "tests/support/mount.h"
#include "tests/support/until.h"

#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <optional>
#include <string>

using namespace lockstep::testing;
using Catch::Matchers::Contains;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

const std::vector<std::string> shared_is_followed{"follow: [/shared]"};

// "shared" leads to "target" beside the source.
MirrorOptions followed_from_the_start()
{
    return {.mapping_lines = shared_is_followed, .before = [](const std::string& source) {
                write_file(source + "/../outside/target/deep/file", "content");
                make_symlink("../outside/target", source + "/shared");
                write_file(source + "/own", "the source's");
            }};
}

Lines shared_differences(LiveMirror& mirror, const std::string& target = "target")
{
    if (mirror.agent.flush() != 0) return {"flush failed"};
    return tree_differences(mirror.outside(target), mirror.dest("shared"));
}

void lead(const LiveMirror& mirror, const std::string& target)
{
    make_symlink(target, mirror.source("next"));
    rename_path(mirror.source("next"), mirror.source("shared"));
}

}  // namespace

TEST_CASE("what a followed link leads to is kept in step", "[e2e][follow]")
{
    LiveMirror mirror(followed_from_the_start());
    REQUIRE(shared_differences(mirror) == Lines{});
    CHECK(S_ISDIR(status_of(mirror.dest("shared")).st_mode));

    write_file(mirror.outside("target/deep/file"), "other content");
    write_file(mirror.outside("target/new/below"), "new");
    make_symlink("deep", mirror.outside("target/link"));
    set_mode(mirror.outside("target"), 0700);
    REQUIRE(shared_differences(mirror) == Lines{});

    rename_path(mirror.outside("target/new"), mirror.outside("target/deep/renamed"));
    remove_file(mirror.outside("target/deep/file"));
    REQUIRE(shared_differences(mirror) == Lines{});
    CHECK(mirror.full_compares() == 1);
}

TEST_CASE("a rename below a followed link moves no data", "[e2e][follow][moves]")
{
    LiveMirror mirror(followed_from_the_start());
    write_file(mirror.outside("target/large"), random_bytes(1 << 20, 1));
    REQUIRE(mirror.agent.flush() == 0);
    const std::uint64_t before = mirror.sent("bytes_sent");

    rename_path(mirror.outside("target/large"), mirror.outside("target/deep/moved"));

    REQUIRE(shared_differences(mirror) == Lines{});
    CHECK(mirror.sent("bytes_sent") - before < 64 * 1024);
}

TEST_CASE("a followed link that is led elsewhere is compared with that", "[e2e][follow]")
{
    LiveMirror mirror(followed_from_the_start());
    write_file(mirror.outside("other/deep/file"), "CONTENT");
    write_file(mirror.outside("other/more"), "more");
    REQUIRE(shared_differences(mirror) == Lines{});

    lead(mirror, "../outside/other");
    REQUIRE(shared_differences(mirror, "other") == Lines{});

    write_file(mirror.outside("other/more"), "watched there now");
    write_file(mirror.outside("target/more"), "nothing of ours");
    REQUIRE(shared_differences(mirror, "other") == Lines{});
    CHECK_FALSE(exists(mirror.dest("next")));
}

TEST_CASE("a link behind a followed link that is led elsewhere is found by a flush",
          "[e2e][follow]")
{
    LiveMirror mirror(
        {.mapping_lines = shared_is_followed, .before = [](const std::string& source) {
             write_file(source + "/../outside/one/file", "one");
             write_file(source + "/../outside/two/file", "two");
             make_symlink("one", source + "/../outside/between");
             make_symlink("../outside/between", source + "/shared");
         }});
    REQUIRE(shared_differences(mirror, "one") == Lines{});

    make_symlink("two", mirror.outside("next"));
    rename_path(mirror.outside("next"), mirror.outside("between"));

    REQUIRE(mirror.agent.flush() == 0);
    CHECK(read_file(mirror.dest("shared/file")) == "two");
    // Once it is watched it is sent once more, and while that goes on the directory has other
    // times.
    CHECK(until([&] { return shared_differences(mirror, "two") == Lines{}; }, seconds(20)));
}

TEST_CASE("a followed link that leads nowhere deletes nothing, and is told", "[e2e][follow]")
{
    LiveMirror mirror(followed_from_the_start());
    REQUIRE(shared_differences(mirror) == Lines{});

    rename_path(mirror.outside("target"), mirror.outside("away"));
    write_file(mirror.source("own"), "the others go on");
    CHECK(mirror.agent.flush(seconds(3)) != 0);
    CHECK(read_file(mirror.dest("shared/deep/file")) == "content");
    CHECK(read_file(mirror.dest("own")) == "the others go on");
    CHECK_THAT(boost::json::serialize(mirror.agent.destination("web")), Contains("shared"));

    write_file(mirror.outside("away/deep/file"), "changed meanwhile");
    rename_path(mirror.outside("away"), mirror.outside("target"));
    REQUIRE(until([&] { return shared_differences(mirror) == Lines{}; }, seconds(20)));
}

TEST_CASE("a followed link that is removed, or becomes something else, is that", "[e2e][follow]")
{
    LiveMirror mirror(followed_from_the_start());
    REQUIRE(shared_differences(mirror) == Lines{});

    remove_file(mirror.source("shared"));
    REQUIRE(mirror.flushed_differences() == Lines{});
    CHECK_FALSE(exists(mirror.dest("shared")));

    make_symlink("../outside/target", mirror.source("shared"));
    REQUIRE(shared_differences(mirror) == Lines{});

    rename_path(mirror.source("shared"), mirror.source("plain"));
    REQUIRE(mirror.flushed_differences() == Lines{});
    CHECK(link_target(mirror.dest("plain")) == "../outside/target");

    make_dirs(mirror.source("shared/real"));
    REQUIRE(mirror.flushed_differences() == Lines{});
    write_file(mirror.source("shared/real/file"), "a directory of the source's own");
    REQUIRE(mirror.flushed_differences() == Lines{});

    remove_tree(mirror.source("shared"));
    make_symlink("own", mirror.source("shared"));
    REQUIRE(mirror.flushed_differences() == Lines{});
    CHECK(link_target(mirror.dest("shared")) == "own");
}

TEST_CASE("a followed link may lead to another place of the source", "[e2e][follow]")
{
    LiveMirror mirror(
        {.mapping_lines = {"follow: [/current]"}, .before = [](const std::string& source) {
             write_file(source + "/releases/1/file", "one");
             write_file(source + "/releases/2/file", "two");
             make_symlink("releases/1", source + "/current");
         }});
    REQUIRE(mirror.agent.flush() == 0);
    CHECK(read_file(mirror.dest("current/file")) == "one");

    write_file(mirror.source("releases/1/file"), "both names of it");
    REQUIRE(mirror.agent.flush() == 0);
    CHECK(read_file(mirror.dest("current/file")) == "both names of it");
    CHECK(read_file(mirror.dest("releases/1/file")) == "both names of it");

    make_symlink("releases/2", mirror.source("next"));
    rename_path(mirror.source("next"), mirror.source("current"));
    REQUIRE(mirror.agent.flush() == 0);
    CHECK(read_file(mirror.dest("current/file")) == "two");
}

TEST_CASE("a directory that moves with a followed link in it leaves it a link", "[e2e][follow]")
{
    LiveMirror mirror(
        {.mapping_lines = {"follow: [/app/shared]"}, .before = [](const std::string& source) {
             write_file(source + "/../outside/target/file", "content");
             make_dirs(source + "/app");
             make_symlink("../../outside/target", source + "/app/shared");
         }});
    REQUIRE(mirror.agent.flush() == 0);
    CHECK(read_file(mirror.dest("app/shared/file")) == "content");

    rename_path(mirror.source("app"), mirror.source("old"));
    REQUIRE(mirror.flushed_differences() == Lines{});
    CHECK(link_target(mirror.dest("old/shared")) == "../../outside/target");

    rename_path(mirror.source("old"), mirror.source("app"));
    REQUIRE(mirror.agent.flush() == 0);
    CHECK(read_file(mirror.dest("app/shared/file")) == "content");
    write_file(mirror.outside("target/file"), "watched again");
    REQUIRE(mirror.agent.flush() == 0);
    CHECK(read_file(mirror.dest("app/shared/file")) == "watched again");
}

TEST_CASE("what a followed link leads to may be on another file system", "[e2e][follow]")
{
    if (!may_mount()) return;
    std::optional<Mount> mount;
    LiveMirror mirror(
        {.mapping_lines = shared_is_followed, .before = [&](const std::string& source) {
             make_dirs(source + "/../outside/target");
             mount.emplace(Mount::tmpfs(source + "/../outside/target", 1 << 20));
             write_file(source + "/../outside/target/deep/file", "on the mount");
             make_symlink("../outside/target", source + "/shared");
         }});
    REQUIRE(shared_differences(mirror) == Lines{});
    write_file(mirror.outside("target/deep/more"), "live");
    REQUIRE(shared_differences(mirror) == Lines{});
    mirror.agent.stop();
}
