// Everyday changes, seen by a real kernel.
#include "watcher/source_watch.h"

#include "live_source.h"

#include <sys/stat.h>

namespace {

using namespace lockstep::watcher;
using namespace lockstep::watcher::test;

using Changes = std::vector<Change>;

TEST_CASE("a file created, written and closed is told as content", "[watcher][source_watch]")
{
    const TempTree temp;
    LiveSource source({.source = temp.path()});
    source.settle();

    write_file(temp / "f");

    const Changes changes = source.changes_until_now();
    CHECK(told(changes, ChangeKind::content, "f"));
    CHECK(changes.back() == Change{.kind = ChangeKind::content, .path = "f"});
}

TEST_CASE("what is there at the start is counted and not told", "[watcher][source_watch]")
{
    const TempTree temp;
    make_directory(temp / "d");
    make_directory(temp / "d/e");
    write_file(temp / "d/e/f");
    LiveSource source({.source = temp.path()});

    source.wait_for(ChangeKind::live);

    CHECK(source.changes_until_now() == Changes{{.kind = ChangeKind::live, .directory = true}});
    CHECK(source.figures().directories == 3);
    CHECK(source.figures().watches == 3);
    CHECK(source.figures().entries == 3);
}

TEST_CASE("a file open for writing is told as writing until it is closed",
          "[watcher][source_watch]")
{
    const TempTree temp;
    write_file(temp / "log");
    LiveSource source({.source = temp.path()});
    source.settle();

    const int fd = ::open((temp / "log").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
    REQUIRE(::write(fd, "y", 1) == 1);
    CHECK(source.changes_until_now() == Changes{{.kind = ChangeKind::writing, .path = "log"}});
    ::close(fd);
    CHECK(source.changes_until_now() == Changes{{.kind = ChangeKind::content, .path = "log"}});
}

TEST_CASE("links, symlinks and fifos are told although nobody closes them",
          "[watcher][source_watch]")
{
    const TempTree temp;
    write_file(temp / "f");
    LiveSource source({.source = temp.path()});
    source.settle();

    REQUIRE(::link((temp / "f").c_str(), (temp / "hard").c_str()) == 0);
    REQUIRE(::symlink("nowhere", (temp / "soft").c_str()) == 0);
    REQUIRE(::mkfifo((temp / "fifo").c_str(), 0600) == 0);

    const Changes changes = source.changes_until_now();
    CHECK(told(changes, ChangeKind::content, "hard"));
    CHECK(told(changes, ChangeKind::content, "soft"));
    CHECK(told(changes, ChangeKind::content, "fifo"));
}

TEST_CASE("attributes of a file, a directory and the root are told once each",
          "[watcher][source_watch]")
{
    const TempTree temp;
    write_file(temp / "f");
    make_directory(temp / "d");
    LiveSource source({.source = temp.path()});
    source.settle();

    REQUIRE(::chmod((temp / "f").c_str(), 0600) == 0);
    REQUIRE(::chmod((temp / "d").c_str(), 0700) == 0);
    REQUIRE(::chmod(temp.path().c_str(), 0750) == 0);

    CHECK(source.changes_until_now() ==
          Changes{{.kind = ChangeKind::attributes, .path = "f"},
                  {.kind = ChangeKind::attributes, .path = "d", .directory = true},
                  {.kind = ChangeKind::attributes, .path = "", .directory = true}});
}

TEST_CASE("a deleted tree is told bottom up and leaves no watch", "[watcher][source_watch]")
{
    const TempTree temp;
    make_directory(temp / "d");
    make_directory(temp / "d/e");
    write_file(temp / "d/e/f");
    LiveSource source({.source = temp.path()});
    source.settle();

    std::filesystem::remove_all(temp / "d");

    CHECK(source.changes_until_now() ==
          Changes{{.kind = ChangeKind::gone, .path = "d/e/f"},
                  {.kind = ChangeKind::gone, .path = "d/e", .directory = true},
                  {.kind = ChangeKind::gone, .path = "d", .directory = true}});
    CHECK(source.figures().watches == 1);
}

TEST_CASE("a renamed directory keeps its watches and its new name", "[watcher][source_watch]")
{
    const TempTree temp;
    make_directory(temp / "a");
    make_directory(temp / "a/b");
    LiveSource source({.source = temp.path()});
    source.settle();

    rename(temp / "a", temp / "z");
    write_file(temp / "z/b/f");

    const Changes changes = source.changes_until_now();
    CHECK(changes.front() ==
          Change{.kind = ChangeKind::moved, .path = "z", .directory = true, .from = "a"});
    CHECK(told(changes, ChangeKind::content, "z/b/f"));
    CHECK(source.figures().watches == 3);
}

TEST_CASE("a directory renamed away and back has its old paths again", "[watcher][source_watch]")
{
    const TempTree temp;
    for (const char* name : {"a", "a/b", "a/b/c"}) make_directory(temp / name);
    write_file(temp / "a/b/c/f");
    LiveSource source({.source = temp.path()});
    source.settle();

    rename(temp / "a", temp / "z");
    rename(temp / "z", temp / "a");
    write_file(temp / "a/b/c/n");

    const Changes changes = source.changes_until_now();
    CHECK(told_move(changes, "a", "z"));
    CHECK(told_move(changes, "z", "a"));
    CHECK(told(changes, ChangeKind::content, "a/b/c/n"));
    CHECK(source.figures().watches == 4);
}

TEST_CASE("a renamed file is told as moved", "[watcher][source_watch]")
{
    const TempTree temp;
    make_directory(temp / "d");
    write_file(temp / "f");
    LiveSource source({.source = temp.path()});
    source.settle();

    rename(temp / "f", temp / "d/g");

    CHECK(source.changes_until_now() ==
          Changes{{.kind = ChangeKind::moved, .path = "d/g", .from = "f"}});
}

TEST_CASE("a tree moved out of the source is gone, silent and unwatched", "[watcher][source_watch]")
{
    const TempTree temp;
    const TempTree outside;
    make_directory(temp / "t");
    for (int i = 0; i < 40; ++i) make_directory(temp / ("t/" + std::to_string(i)));
    LiveSource source({.source = temp.path()});
    source.settle();
    const auto watches = source.figures().watches;

    rename(temp / "t", outside / "t");
    CHECK(source.changes_until_now() ==
          Changes{{.kind = ChangeKind::gone, .path = "t", .directory = true}});
    write_file(outside / "t/7/f");

    CHECK(source.changes_until_now().empty());
    CHECK(watches - source.figures().watches == 41);
}

TEST_CASE("a tree moved into the source is told entry by entry and watched",
          "[watcher][source_watch]")
{
    const TempTree temp;
    const TempTree outside;
    make_directory(outside / "t");
    make_directory(outside / "t/u");
    write_file(outside / "t/u/f");
    REQUIRE(::symlink("u", (outside / "t/link").c_str()) == 0);
    LiveSource source({.source = temp.path()});
    source.settle();

    rename(outside / "t", temp / "t");

    const Changes changes = source.changes_until_now();
    CHECK(changes.size() == 4);
    CHECK(changes.front() == Change{.kind = ChangeKind::content, .path = "t", .directory = true});
    CHECK(told(changes, ChangeKind::content, "t/u"));
    CHECK(told(changes, ChangeKind::content, "t/u/f"));
    CHECK(told(changes, ChangeKind::content, "t/link"));
    CHECK(source.figures().watches == 3);
}

TEST_CASE("a directory removed and made again at once is watched", "[watcher][source_watch]")
{
    const TempTree temp;
    LiveSource source({.source = temp.path()});
    source.settle();

    for (int i = 0; i < 500; ++i) {
        std::filesystem::remove_all(temp / "d");
        std::filesystem::create_directories(temp / "d/sub");
        write_file(temp / "d/sub/f", std::to_string(i));
    }
    source.changes_until_now();
    CHECK(source.figures().watches == 3);
    write_file(temp / "d/sub/g");

    CHECK(told(source.changes_until_now(), ChangeKind::content, "d/sub/g"));
}

TEST_CASE("a directory moved over an empty one takes its place", "[watcher][source_watch]")
{
    const TempTree temp;
    make_directory(temp / "a");
    make_directory(temp / "a/c");
    make_directory(temp / "b");
    LiveSource source({.source = temp.path()});
    source.settle();

    rename(temp / "a", temp / "b");
    write_file(temp / "b/c/f");

    const Changes changes = source.changes_until_now();
    CHECK(told_move(changes, "a", "b"));
    CHECK(told(changes, ChangeKind::content, "b/c/f"));
    CHECK(source.figures().watches == 3);
}

TEST_CASE("two directories that exchange their names are told apart afterwards",
          "[watcher][source_watch]")
{
    const TempTree temp;
    for (const char* name : {"a", "a/x", "b", "b/y"}) make_directory(temp / name);
    LiveSource source({.source = temp.path()});
    source.settle();

    REQUIRE(::renameat2(AT_FDCWD, (temp / "a").c_str(), AT_FDCWD, (temp / "b").c_str(),
                        RENAME_EXCHANGE) == 0);
    const Changes exchange = source.changes_until_now();
    CHECK(told(exchange, ChangeKind::subtree, "a"));
    CHECK(told(exchange, ChangeKind::subtree, "b"));
    write_file(temp / "a/y/f");
    write_file(temp / "b/x/g");

    const Changes changes = source.changes_until_now();
    CHECK(told(changes, ChangeKind::content, "a/y/f"));
    CHECK(told(changes, ChangeKind::content, "b/x/g"));
    CHECK(source.figures().watches == 5);
}

TEST_CASE("a directory and a file that exchange their names are both right afterwards",
          "[watcher][source_watch]")
{
    const TempTree temp;
    make_directory(temp / "d");
    make_directory(temp / "d/e");
    write_file(temp / "f");
    LiveSource source({.source = temp.path()});
    source.settle();

    REQUIRE(::renameat2(AT_FDCWD, (temp / "d").c_str(), AT_FDCWD, (temp / "f").c_str(),
                        RENAME_EXCHANGE) == 0);
    const Changes exchange = source.changes_until_now();
    CHECK(told_move(exchange, "d", "f"));
    CHECK(told_move(exchange, "f", "d"));
    write_file(temp / "f/e/g");

    CHECK(told(source.changes_until_now(), ChangeKind::content, "f/e/g"));
    CHECK(source.figures().watches == 3);
}

TEST_CASE("a symlink to a directory is told and not followed", "[watcher][source_watch]")
{
    const TempTree temp;
    for (const char* name : {"one", "two", "two/one"}) make_directory(temp / name);
    write_file(temp / "one/f");
    LiveSource source({.source = temp.path()});
    source.settle();

    std::filesystem::remove_all(temp / "two/one");
    REQUIRE(::symlink("../one", (temp / "two/one").c_str()) == 0);

    CHECK(source.changes_until_now() ==
          Changes{{.kind = ChangeKind::gone, .path = "two/one", .directory = true},
                  {.kind = ChangeKind::content, .path = "two/one"}});
    CHECK(source.figures().watches == 3);
}

TEST_CASE("names of 255 bytes and of any bytes are told as they are", "[watcher][source_watch]")
{
    const TempTree temp;
    LiveSource source({.source = temp.path()});
    source.settle();
    const std::string longest(255, '\xff');

    make_directory(temp / longest);
    write_file(temp / (longest + "/a\nb\\c *"));

    const Changes changes = source.changes_until_now();
    CHECK(told(changes, ChangeKind::content, longest));
    CHECK(told(changes, ChangeKind::content, longest + "/a\nb\\c *"));
}

}  // namespace
