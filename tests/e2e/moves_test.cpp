// What is renamed is not sent again.
#include "tests/e2e/live_mirror.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

using namespace lockstep::testing;

namespace {

constexpr std::size_t large = 600'000;

std::uint64_t inode_of(const std::string& path)
{
    struct stat status {};
    return ::lstat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

void write_large(const std::string& path, std::uint64_t seed)
{
    write_file(path, random_bytes(large, seed));
}

// Files of a directory, in step.
class Moving {
public:
    explicit Moving(const std::vector<std::string>& lines = {})
        : mirror({.mapping_lines = lines, .before = fill})
    {
        REQUIRE(mirror.flushed_differences() == Lines{});
        note();
    }

    // All that happens from now on is sent in one go, with no session begun before: with
    // until_asked nothing settles before the flush that tries it, and that finds no daemon.
    static inline const std::vector<std::string> until_asked{"batch: {settle: 5m, max_delay: 5m}"};
    void hold() { mirror.daemon.stop(); }
    Lines differences_after()
    {
        REQUIRE(mirror.agent.flush(std::chrono::seconds(1)) == 1);  // it knows of all by then
        mirror.daemon.start();
        return mirror.flushed_differences();
    }

    // How many files' content, and how many bytes, went since.
    std::uint64_t files() { return mirror.sent("files_sent") - files_; }
    std::uint64_t bytes() { return mirror.sent("bytes_sent") - bytes_; }
    void note()
    {
        files_ = mirror.sent("files_sent");
        bytes_ = mirror.sent("bytes_sent");
    }

    LiveMirror mirror;

private:
    static void fill(const std::string& source)
    {
        for (std::uint64_t i = 0; i < 40; ++i)
            write_file(source + "/tree/d" + std::to_string(i % 4) + "/f" + std::to_string(i),
                       random_bytes(20'000, i));
        // Files of one size and time would be no proof of one another.
        for (std::uint64_t i = 0; i < 4; ++i) {
            const std::string log = source + "/log." + std::to_string(i);
            write_large(log, i);
            set_mtime(log, {static_cast<time_t>(1'700'000'000 + i), 0});
        }
        make_dirs(source + "/other");
    }
    std::uint64_t files_ = 0;
    std::uint64_t bytes_ = 0;
};

}  // namespace

TEST_CASE("a renamed directory moves no data", "[e2e][moves]")
{
    Moving moving;
    LiveMirror& mirror = moving.mirror;
    const std::uint64_t inode = inode_of(mirror.dest("tree/d1/f1"));
    const std::string to = GENERATE(as<std::string>{}, "renamed", "other/inside");

    rename_path(mirror.source("tree"), mirror.source(to));
    REQUIRE(mirror.flushed_differences() == Lines{});

    CHECK(moving.files() == 0);
    CHECK(moving.bytes() < 20'000);
    CHECK(inode_of(mirror.dest(to + "/d1/f1")) == inode);
    CHECK_FALSE(exists(mirror.dest("tree")));
}

TEST_CASE("a renamed directory of many pieces moves no data", "[e2e][moves]")
{
    Moving moving({"batch: { max_files: 8 }"});
    LiveMirror& mirror = moving.mirror;

    rename_path(mirror.source("tree"), mirror.source("renamed"));
    REQUIRE(mirror.flushed_differences() == Lines{});
    CHECK(moving.files() == 0);
}

TEST_CASE("a renamed file moves no data, unless that is cheaper", "[e2e][moves]")
{
    Moving moving;
    LiveMirror& mirror = moving.mirror;
    const std::uint64_t inode = inode_of(mirror.dest("log.0"));

    rename_path(mirror.source("log.0"), mirror.source("other/renamed"));
    REQUIRE(mirror.flushed_differences() == Lines{});
    CHECK(moving.files() == 0);
    CHECK(moving.bytes() < 10'000);
    CHECK(inode_of(mirror.dest("other/renamed")) == inode);

    moving.note();
    rename_path(mirror.source("tree/d0/f0"), mirror.source("other/small"));
    REQUIRE(mirror.flushed_differences() == Lines{});
    CHECK(moving.files() == 1);
}

TEST_CASE("rotated logs move no data, and the name that is taken again is sent", "[e2e][moves]")
{
    Moving moving(Moving::until_asked);
    LiveMirror& mirror = moving.mirror;
    for (int round = 0; round < 3; ++round) {
        INFO("round " << round);
        moving.hold();
        for (int i = 3; i > 0; --i)
            rename_path(mirror.source("log." + std::to_string(i - 1)),
                        mirror.source("log." + std::to_string(i)));
        write_large(mirror.source("log.0"), 100 + static_cast<std::uint64_t>(round));
        moving.note();
        REQUIRE(moving.differences_after() == Lines{});
        CHECK(moving.files() == 1);
        CHECK(moving.bytes() < large + 20'000);
    }
}

TEST_CASE("moves of moves, within and over one another, end as the source is", "[e2e][moves]")
{
    Moving moving(Moving::until_asked);
    moving.hold();
    LiveMirror& mirror = moving.mirror;
    const auto move = [&](const std::string& from, const std::string& to) {
        rename_path(mirror.source(from), mirror.source(to));
    };
    SECTION("a chain of one directory")
    {
        move("tree", "a");
        move("a", "b");
        move("b", "other/c");
        REQUIRE(moving.differences_after() == Lines{});
        CHECK(moving.files() == 0);
    }
    SECTION("a directory out of a moved one, and its like into it")
    {
        move("tree", "moved");
        move("moved/d0", "apart");
        move("log.1", "moved/log");
        REQUIRE(moving.differences_after() == Lines{});
        CHECK(moving.files() == 0);
    }
    SECTION("away and back")
    {
        move("tree", "away");
        move("away", "tree");
        move("log.0", "away");
        move("away", "log.0");
        REQUIRE(moving.differences_after() == Lines{});
        CHECK(moving.bytes() < large + 50'000);
    }
    SECTION("two that exchange their names")
    {
        REQUIRE(::renameat2(AT_FDCWD, mirror.source("log.0").c_str(), AT_FDCWD,
                            mirror.source("log.1").c_str(), RENAME_EXCHANGE) == 0);
        REQUIRE(moving.differences_after() == Lines{});
    }
    SECTION("a circle of three")
    {
        move("log.0", "spare");
        move("log.1", "log.0");
        move("log.2", "log.1");
        move("spare", "log.2");
        REQUIRE(moving.differences_after() == Lines{});
    }
    SECTION("over another file")
    {
        move("log.0", "log.1");
        move("tree/d0/f0", "tree/d1/f1");
        REQUIRE(moving.differences_after() == Lines{});
        CHECK(moving.files() <= 1);
    }
    SECTION("and other things take the names at once")
    {
        move("tree", "moved");
        write_file(mirror.source("tree"), "a file now");
        move("log.0", "moved/log");
        write_file(mirror.source("log.0/deep"), "a directory now");
        REQUIRE(moving.differences_after() == Lines{});
        CHECK(moving.files() == 2);
    }
    SECTION("and a directory of the same layout takes the name")
    {
        move("tree", "moved");
        for (std::uint64_t i = 0; i < 40; ++i)
            write_file(mirror.source("tree/d" + std::to_string(i % 4) + "/f" + std::to_string(i)),
                       random_bytes(20'000, 1000 + i));
        REQUIRE(moving.differences_after() == Lines{});
    }
}

TEST_CASE("what was written before, during or after its move arrives as it is", "[e2e][moves]")
{
    Moving moving(Moving::until_asked);
    LiveMirror& mirror = moving.mirror;
    const bool times_put_back = GENERATE(false, true);
    const auto edit = [&](const std::string& path) {
        const timespec before = mtime_of(mirror.source(path));
        std::string content = read_file(mirror.source(path));
        content.replace(0, 6, "edited");
        write_file(mirror.source(path), content);
        if (times_put_back) set_mtime(mirror.source(path), before);
    };

    moving.hold();
    edit("log.0");
    rename_path(mirror.source("log.0"), mirror.source("other/log.0"));
    rename_path(mirror.source("log.1"), mirror.source("other/log.1"));
    edit("other/log.1");
    edit("tree/d0/f0");
    rename_path(mirror.source("tree"), mirror.source("moved"));
    edit("moved/d1/f1");
    set_mode(mirror.source("moved/d2/f2"), 0600);
    REQUIRE(moving.differences_after() == Lines{});
    CHECK(moving.files() < 10);
}

TEST_CASE("a move does not rely on what others did at the destination", "[e2e][moves]")
{
    Moving moving;
    LiveMirror& mirror = moving.mirror;
    SECTION("the old file is gone")
    {
        remove_file(mirror.dest("log.0"));
    }
    SECTION("the old file is another one")
    {
        write_file(mirror.dest("log.0"), "drifted");
    }
    SECTION("the old name is a directory")
    {
        remove_file(mirror.dest("log.0"));
        make_dirs(mirror.dest("log.0/deep"));
    }
    rename_path(mirror.source("log.0"), mirror.source("log.moved"));
    REQUIRE(mirror.flushed_differences() == Lines{});
    CHECK(moving.files() == 1);
}
