#include "tests/e2e/live_mirror.h"
#include "tests/support/mount.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <optional>
#include <string>

using namespace lockstep::testing;
using std::chrono::seconds;

namespace {

constexpr std::uint64_t disk_bytes = std::uint64_t{16} << 20;

// The kernel tells of mounts beside the events that a flush waits for: until they are noticed it
// may say yes about the tree as it was.
bool comes_true(LiveMirror& mirror, const std::function<bool()>& condition)
{
    return until([&] { return mirror.agent.flush(seconds(10)) == 0 && condition(); }, seconds(20));
}

}  // namespace

TEST_CASE("what is mounted below the source is left alone, here and there", "[e2e][C12]")
{
    if (!may_mount()) return;
    LiveMirror mirror({.before = [](const std::string& source) {
        write_file(source + "/sub/a", "below the mount");
        write_file(source + "/other", "x");
    }});
    REQUIRE(mirror.flushed_differences() == Lines{});

    std::optional<Mount> mount(Mount::tmpfs(mirror.source("sub"), disk_bytes));
    write_file(mirror.source("sub/b"), "on the mount");
    write_file(mirror.source("other"), "changed");
    REQUIRE(mirror.agent.flush() == 0);
    CHECK(mirror.agent.command({"resync", "web"}) == 0);
    CHECK(exists(mirror.dest("sub/a")));
    CHECK_FALSE(exists(mirror.dest("sub/b")));
    CHECK(read_file(mirror.dest("other")) == "changed");

    mount->unmount();
    write_file(mirror.source("sub/a"), "seen again");
    CHECK(comes_true(mirror, [&] { return mirror.differences() == Lines{}; }));
    CHECK(mirror.sent("errors") == 0);
}

TEST_CASE("without one_file_system what is mounted below the source is sent", "[e2e][C12]")
{
    if (!may_mount()) return;
    LiveMirror mirror(
        {.mapping_lines = {"one_file_system: false"}, .before = [](const std::string& source) {
             write_file(source + "/sub/a", "below the mount");
         }});
    REQUIRE(mirror.flushed_differences() == Lines{});

    std::optional<Mount> mount(Mount::tmpfs(mirror.source("sub"), disk_bytes));
    write_file(mirror.source("sub/b"), "on the mount");
    CHECK(comes_true(mirror, [&] { return mirror.differences() == Lines{}; }));
    write_file(mirror.source("sub/deep/c"), "as any other");
    CHECK(mirror.flushed_differences() == Lines{});

    mount->unmount();
    CHECK(comes_true(mirror, [&] { return mirror.differences() == Lines{}; }));
    CHECK(exists(mirror.dest("sub/a")));
    CHECK(mirror.sent("errors") == 0);
}
