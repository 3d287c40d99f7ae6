// The source itself: missing, removed, replaced, moved.
#include "live_source.h"

#include <sys/mount.h>

#include <cerrno>
#include <cstring>

namespace {

using namespace lockstep::watcher;
using namespace lockstep::watcher::test;

WatchOptions impatient(const std::string& source)
{
    return {.source = source, .root_retry = std::chrono::milliseconds(20)};
}

// The kinds alone, in order.
std::vector<ChangeKind> kinds(const Changes& changes)
{
    std::vector<ChangeKind> kinds;
    for (const Change& change : changes) kinds.push_back(change.kind);
    return kinds;
}

const std::vector<ChangeKind> lost_then_live{ChangeKind::root_lost, ChangeKind::live};

TEST_CASE("a source that is not there yet is waited for", "[watcher][root]")
{
    const TempDir temp;
    LiveSource source(impatient(temp / "later"));
    source.wait_for(ChangeKind::root_lost);
    const Changes before = source.changes_until_now();
    REQUIRE(before.size() == 1);
    CHECK(before[0].detail == "open source '" + (temp / "later") + "': No such file or directory");

    make_dirs(temp / "later/d");
    source.wait_for(ChangeKind::live);
    source.changes_until_now();

    check_every_directory_is_watched(source, temp / "later");
}

TEST_CASE("a source deleted and made again is lost and then live", "[watcher][root]")
{
    const TempDir temp;
    make_dirs(temp / "s/d/e");
    LiveSource source(impatient(temp / "s"));
    source.settle();

    std::filesystem::remove_all(temp / "s");
    source.wait_for(ChangeKind::root_lost);
    CHECK(until([&] { return source.figures().watches == 0; }, std::chrono::seconds(10)));
    make_dirs(temp / "s/n");
    source.wait_for(ChangeKind::live);

    Changes changes = source.changes_until_now();
    std::erase_if(changes, [](const Change& c) { return c.kind == ChangeKind::gone; });
    CHECK(kinds(changes) == lost_then_live);
    check_every_directory_is_watched(source, temp / "s");
}

TEST_CASE("a source replaced in one breath is lost and live, with nothing between",
          "[watcher][root]")
{
    const TempDir temp;
    make_dirs(temp / "s/old");
    make_dirs(temp / "next/new");
    LiveSource source(impatient(temp / "s"));
    source.settle();

    rename_path(temp / "s", temp / "aside");
    rename_path(temp / "next", temp / "s");
    source.wait_for(ChangeKind::live);

    CHECK(kinds(source.changes_until_now()) == lost_then_live);
    write_file(temp / "aside/old/f", "x");
    CHECK(source.changes_until_now().empty());
    check_every_directory_is_watched(source, temp / "s");
}

TEST_CASE("a source renamed away and back is not lost", "[watcher][root]")
{
    const TempDir temp;
    make_dirs(temp / "s/d");
    LiveSource source(impatient(temp / "s"));
    source.settle();

    exchange_paths(temp / "s", temp / "s");
    make_dirs(temp / "s/e");

    CHECK(kinds(source.changes_until_now()) == std::vector{ChangeKind::content});
    check_every_directory_is_watched(source, temp / "s");
}

TEST_CASE("a parent of the source renamed loses the source", "[watcher][root]")
{
    const TempDir temp;
    make_dirs(temp / "parent/s/d");
    LiveSource source(impatient(temp / "parent/s"));
    source.settle();

    rename_path(temp / "parent", temp / "other");

    source.wait_for(ChangeKind::root_lost);  // no event tells this: it is looked for, if seldom
}

TEST_CASE("a source unmounted is lost, and live when it is mounted again", "[watcher][root]")
{
    const TempDir temp;
    make_dirs(temp / "s");
    if (::mount("tmpfs", (temp / "s").c_str(), "tmpfs", 0, "size=1m") != 0) {
        WARN("may not mount here: " << std::strerror(errno));
        return;
    }
    make_dirs(temp / "s/d");
    {
        LiveSource source(impatient(temp / "s"));
        source.settle();

        REQUIRE(::umount((temp / "s").c_str()) == 0);
        source.wait_for(ChangeKind::root_lost);
        source.wait_for(ChangeKind::live);  // the directory below the mount, which is another
        source.changes_until_now();
        REQUIRE(::mount("tmpfs", (temp / "s").c_str(), "tmpfs", 0, "size=1m") == 0);
        make_dirs(temp / "s/n/m");
        source.wait_for(ChangeKind::root_lost);
        source.wait_for(ChangeKind::live);

        check_every_directory_is_watched(source, temp / "s");
    }
    REQUIRE(::umount((temp / "s").c_str()) == 0);
}

TEST_CASE("a barrier is answered while there is no source", "[watcher][root]")
{
    const TempDir temp;
    LiveSource source({.source = temp / "never"});

    CHECK(kinds(source.changes_until_now()) == std::vector{ChangeKind::root_lost});
    CHECK(source.changes_until_now().empty());
}

}  // namespace
