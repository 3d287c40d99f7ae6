// Names that rules hide: neither watched, nor listed, nor told.
#include "live_source.h"

namespace {

using namespace lockstep::watcher;
using namespace lockstep::watcher::test;

WatchOptions without_tmp(const TempDir& temp)
{
    return {.source = temp.path(),
            .excluded = [](std::string_view path, bool) { return path.ends_with(".tmp"); }};
}

TEST_CASE("an excluded directory has no watch, and only that it came is told, of what it came to",
          "[watcher][exclusion]")
{
    const TempDir temp;
    make_dirs(temp / "d.tmp/e");
    make_dirs(temp / "d");
    LiveSource source(without_tmp(temp));
    source.settle();
    CHECK(source.figures().watches == 2);
    CHECK(source.figures().entries == 1);

    write_file(temp / "d.tmp/e/f", "x");
    make_dirs(temp / "n.tmp/e");
    write_file(temp / "d/f.tmp", "x");

    CHECK(source.changes_until_now() ==
          Changes{{.kind = ChangeKind::attributes, .directory = true},
                  {.kind = ChangeKind::attributes, .path = "d", .directory = true}});
    CHECK(source.figures().watches == 2);
}

TEST_CASE("what comes out of an excluded name is new", "[watcher][exclusion]")
{
    const TempDir temp;
    make_dirs(temp / "d.tmp/e");
    write_file(temp / "d.tmp/e/f", "x");
    LiveSource source(without_tmp(temp));
    source.settle();

    rename_path(temp / "d.tmp", temp / "d");

    CHECK(source.changes_until_now() ==
          Changes{{.kind = ChangeKind::attributes, .directory = true},
                  {.kind = ChangeKind::content, .path = "d", .directory = true},
                  {.kind = ChangeKind::content, .path = "d/e", .directory = true},
                  {.kind = ChangeKind::content, .path = "d/e/f"}});
    CHECK(source.figures().watches == 3);
}

TEST_CASE("what goes to an excluded name is gone", "[watcher][exclusion]")
{
    const TempDir temp;
    make_dirs(temp / "d/e");
    LiveSource source(without_tmp(temp));
    source.settle();

    rename_path(temp / "d", temp / "d.tmp");

    CHECK(source.changes_until_now() ==
          Changes{{.kind = ChangeKind::attributes, .directory = true},
                  {.kind = ChangeKind::gone, .path = "d", .directory = true}});
    CHECK(source.figures().watches == 1);
}

TEST_CASE("a rename that rules see changes what they hide below it", "[watcher][exclusion]")
{
    const TempDir temp;
    for (const char* name : {"a/cache/x", "a/keep", "a/log/y"}) make_dirs(temp / name);
    write_file(temp / "a/cache/x/f", "x");
    LiveSource source({.source = temp.path(), .excluded = [](std::string_view path, bool) {
                           return path == "a/cache" || path == "b/log";
                       }});
    source.settle();
    CHECK(source.figures().watches == 5);

    rename_path(temp / "a", temp / "b");

    const Changes changes = source.changes_until_now();
    CHECK(changes.front() ==
          Change{.kind = ChangeKind::moved, .path = "b", .directory = true, .from = "a"});
    CHECK(told(changes, ChangeKind::content, "b/cache"));
    CHECK(told(changes, ChangeKind::content, "b/cache/x/f"));
    CHECK_FALSE(told(changes, ChangeKind::content, "b/keep"));
    CHECK_FALSE(told(changes, ChangeKind::content, "b/log"));
    CHECK(source.figures().watches == 5);  // the root, b, cache, cache/x, keep
}

}  // namespace
