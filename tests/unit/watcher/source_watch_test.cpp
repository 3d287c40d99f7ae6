// Everyday changes, seen by a real kernel.
#include "watcher/source_watch.h"

#include "live_source.h"

#include <fcntl.h>
#include <unistd.h>

namespace {

using namespace lockstep::watcher;
using namespace lockstep::watcher::test;

TEST_CASE("a file created, written and closed is told as content", "[watcher][source_watch]")
{
    const TempDir temp;
    LiveSource source({.source = temp.path()});
    source.settle();

    write_file(temp / "f", "x");

    const Changes changes = source.changes_until_now();
    CHECK(told(changes, ChangeKind::content, "f"));
    CHECK(changes.back() == Change{.kind = ChangeKind::content, .path = "f", .closed = true});
}

TEST_CASE("what is there at the start is counted and not told", "[watcher][source_watch]")
{
    const TempDir temp;
    make_dirs(temp / "d");
    make_dirs(temp / "d/e");
    write_file(temp / "d/e/f", "x");
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
    const TempDir temp;
    write_file(temp / "log", "x");
    LiveSource source({.source = temp.path()});
    source.settle();

    const int fd = ::open((temp / "log").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
    REQUIRE(::write(fd, "y", 1) == 1);
    CHECK(source.changes_until_now() == Changes{{.kind = ChangeKind::writing, .path = "log"}});
    ::close(fd);
    CHECK(source.changes_until_now() ==
          Changes{{.kind = ChangeKind::content, .path = "log", .closed = true}});
}

TEST_CASE("links, symlinks and fifos are told although nobody closes them",
          "[watcher][source_watch]")
{
    const TempDir temp;
    write_file(temp / "f", "x");
    LiveSource source({.source = temp.path()});
    source.settle();

    make_hard_link(temp / "f", temp / "hard");
    make_symlink("nowhere", temp / "soft");
    make_fifo(temp / "fifo");

    const Changes changes = source.changes_until_now();
    CHECK(told(changes, ChangeKind::content, "hard"));
    CHECK(told(changes, ChangeKind::content, "soft"));
    CHECK(told(changes, ChangeKind::content, "fifo"));
}

TEST_CASE("attributes of a file, a directory and the root are told once each",
          "[watcher][source_watch]")
{
    const TempDir temp;
    write_file(temp / "f", "x");
    make_dirs(temp / "d");
    LiveSource source({.source = temp.path()});
    source.settle();

    set_mode(temp / "f", 0600);
    set_mode(temp / "d", 0700);
    set_mode(temp.path(), 0750);

    CHECK(source.changes_until_now() ==
          Changes{{.kind = ChangeKind::attributes, .path = "f"},
                  {.kind = ChangeKind::attributes, .path = "d", .directory = true},
                  {.kind = ChangeKind::attributes, .path = "", .directory = true}});
}

TEST_CASE("a deleted tree is told bottom up and leaves no watch", "[watcher][source_watch]")
{
    const TempDir temp;
    make_dirs(temp / "d");
    make_dirs(temp / "d/e");
    write_file(temp / "d/e/f", "x");
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
    const TempDir temp;
    make_dirs(temp / "a");
    make_dirs(temp / "a/b");
    LiveSource source({.source = temp.path()});
    source.settle();

    rename_path(temp / "a", temp / "z");
    write_file(temp / "z/b/f", "x");

    const Changes changes = source.changes_until_now();
    CHECK(changes.front() ==
          Change{.kind = ChangeKind::moved, .path = "z", .directory = true, .from = "a"});
    CHECK(told(changes, ChangeKind::content, "z/b/f"));
    CHECK(source.figures().watches == 3);
}

TEST_CASE("a directory renamed away and back has its old paths again", "[watcher][source_watch]")
{
    const TempDir temp;
    for (const char* name : {"a", "a/b", "a/b/c"}) make_dirs(temp / name);
    write_file(temp / "a/b/c/f", "x");
    LiveSource source({.source = temp.path()});
    source.settle();

    rename_path(temp / "a", temp / "z");
    rename_path(temp / "z", temp / "a");
    write_file(temp / "a/b/c/n", "x");

    const Changes changes = source.changes_until_now();
    CHECK(told_move(changes, "a", "z"));
    CHECK(told_move(changes, "z", "a"));
    CHECK(told(changes, ChangeKind::content, "a/b/c/n"));
    CHECK(source.figures().watches == 4);
}

TEST_CASE("a renamed file is told as moved", "[watcher][source_watch]")
{
    const TempDir temp;
    make_dirs(temp / "d");
    write_file(temp / "f", "x");
    LiveSource source({.source = temp.path()});
    source.settle();

    rename_path(temp / "f", temp / "d/g");

    CHECK(source.changes_until_now() ==
          Changes{{.kind = ChangeKind::moved, .path = "d/g", .from = "f"}});
}

TEST_CASE("a tree moved out of the source is gone, silent and unwatched", "[watcher][source_watch]")
{
    const TempDir temp;
    const TempDir outside;
    make_dirs(temp / "t");
    for (int i = 0; i < 40; ++i) make_dirs(temp / ("t/" + std::to_string(i)));
    LiveSource source({.source = temp.path()});
    source.settle();
    const auto watches = source.figures().watches;

    rename_path(temp / "t", outside / "t");
    CHECK(source.changes_until_now() ==
          Changes{{.kind = ChangeKind::gone, .path = "t", .directory = true}});
    write_file(outside / "t/7/f", "x");

    CHECK(source.changes_until_now().empty());
    CHECK(watches - source.figures().watches == 41);
}

TEST_CASE("a tree moved into the source is told entry by entry and watched",
          "[watcher][source_watch]")
{
    const TempDir temp;
    const TempDir outside;
    make_dirs(outside / "t");
    make_dirs(outside / "t/u");
    write_file(outside / "t/u/f", "x");
    make_symlink("u", outside / "t/link");
    LiveSource source({.source = temp.path()});
    source.settle();

    rename_path(outside / "t", temp / "t");

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
    const TempDir temp;
    LiveSource source({.source = temp.path()});
    source.settle();

    for (int i = 0; i < 500; ++i) {
        std::filesystem::remove_all(temp / "d");
        make_dirs(temp / "d/sub");
        write_file(temp / "d/sub/f", std::to_string(i));
    }
    source.changes_until_now();
    CHECK(source.figures().watches == 3);
    write_file(temp / "d/sub/g", "x");

    CHECK(told(source.changes_until_now(), ChangeKind::content, "d/sub/g"));
}

TEST_CASE("a directory moved over an empty one takes its place", "[watcher][source_watch]")
{
    const TempDir temp;
    make_dirs(temp / "a");
    make_dirs(temp / "a/c");
    make_dirs(temp / "b");
    LiveSource source({.source = temp.path()});
    source.settle();

    rename_path(temp / "a", temp / "b");
    write_file(temp / "b/c/f", "x");

    const Changes changes = source.changes_until_now();
    CHECK(told_move(changes, "a", "b"));
    CHECK(told(changes, ChangeKind::content, "b/c/f"));
    CHECK(source.figures().watches == 3);
}

TEST_CASE("two directories that exchange their names are told apart afterwards",
          "[watcher][source_watch]")
{
    const TempDir temp;
    for (const char* name : {"a", "a/x", "b", "b/y"}) make_dirs(temp / name);
    LiveSource source({.source = temp.path()});
    source.settle();

    exchange_paths(temp / "a", temp / "b");
    const Changes exchange = source.changes_until_now();
    CHECK(told(exchange, ChangeKind::subtree, "a"));
    CHECK(told(exchange, ChangeKind::subtree, "b"));
    write_file(temp / "a/y/f", "x");
    write_file(temp / "b/x/g", "x");

    const Changes changes = source.changes_until_now();
    CHECK(told(changes, ChangeKind::content, "a/y/f"));
    CHECK(told(changes, ChangeKind::content, "b/x/g"));
    CHECK(source.figures().watches == 5);
}

TEST_CASE("a directory and a file that exchange their names are both right afterwards",
          "[watcher][source_watch]")
{
    const TempDir temp;
    make_dirs(temp / "d");
    make_dirs(temp / "d/e");
    write_file(temp / "f", "x");
    LiveSource source({.source = temp.path()});
    source.settle();

    exchange_paths(temp / "d", temp / "f");
    const Changes exchange = source.changes_until_now();
    CHECK(told_move(exchange, "d", "f"));
    CHECK(told_move(exchange, "f", "d"));
    write_file(temp / "f/e/g", "x");

    CHECK(told(source.changes_until_now(), ChangeKind::content, "f/e/g"));
    CHECK(source.figures().watches == 3);
}

TEST_CASE("a symlink to a directory is told and not followed", "[watcher][source_watch]")
{
    const TempDir temp;
    for (const char* name : {"one", "two", "two/one"}) make_dirs(temp / name);
    write_file(temp / "one/f", "x");
    LiveSource source({.source = temp.path()});
    source.settle();

    std::filesystem::remove_all(temp / "two/one");
    make_symlink("../one", temp / "two/one");

    CHECK(source.changes_until_now() ==
          Changes{{.kind = ChangeKind::gone, .path = "two/one", .directory = true},
                  {.kind = ChangeKind::content, .path = "two/one"}});
    CHECK(source.figures().watches == 3);
}

TEST_CASE("names of 255 bytes and of any bytes are told as they are", "[watcher][source_watch]")
{
    const TempDir temp;
    LiveSource source({.source = temp.path()});
    source.settle();
    const std::string longest(255, '\xff');

    make_dirs(temp / longest);
    write_file(temp / (longest + "/a\nb\\c *"), "x");

    const Changes changes = source.changes_until_now();
    CHECK(told(changes, ChangeKind::content, longest));
    CHECK(told(changes, ChangeKind::content, longest + "/a\nb\\c *"));
}

}  // namespace
