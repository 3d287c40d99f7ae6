// Other file systems at and below a source.
#include "watcher/mounts.h"

#include "live_source.h"

#include <sys/mount.h>

#include <cerrno>
#include <cstring>

namespace {

using namespace lockstep::watcher;
using namespace lockstep::watcher::test;

// A tmpfs or a bind mount for as long as it lives; false where we may not.
class Mount {
public:
    explicit Mount(std::string at, const std::string& bound = {})
        : at_(std::move(at)),
          there_(bound.empty()
                     ? ::mount("tmpfs", at_.c_str(), "tmpfs", 0, "size=1m") == 0
                     : ::mount(bound.c_str(), at_.c_str(), nullptr, MS_BIND, nullptr) == 0)
    {
        if (!there_) WARN("may not mount here: " << std::strerror(errno));
    }
    Mount(const Mount&) = delete;
    Mount& operator=(const Mount&) = delete;
    ~Mount() { end(); }

    explicit operator bool() const { return there_; }
    void end()
    {
        if (std::exchange(there_, false)) REQUIRE(::umount(at_.c_str()) == 0);
    }

private:
    std::string at_;
    bool there_;
};

TEST_CASE("mount points below a directory are read from mountinfo", "[watcher][mounts]")
{
    const std::string_view mountinfo =
        "22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
        "30 22 0:27 / /srv/data rw,nosuid shared:1 - tmpfs tmpfs rw\n"
        "31 30 0:28 / /srv/data/sub\\040with\\134blank rw - tmpfs tmpfs rw\n"
        "32 22 0:29 / /srv/database rw - tmpfs tmpfs rw\n"
        "33 30 0:30 / /srv/data/a/b rw - tmpfs tmpfs rw";

    CHECK(mounts_below(mountinfo, "/srv/data") ==
          MountSet{{"sub with\\blank", "31"}, {"a/b", "33"}});
    CHECK(mounts_below(mountinfo, "/").size() == 4);
    CHECK(mounts_below("", "/srv").empty());
    CHECK(mounts_below("31\n31 30\n\n", "/srv").empty());
}

TEST_CASE("a file system mounted below one_file_system is a border", "[watcher][mounts]")
{
    const TempDir temp;
    make_dirs(temp / "sub/below");
    Mount mount(temp / "sub");
    if (!mount) return;
    make_dirs(temp / "sub/on");
    LiveSource source({.source = temp.path()});
    source.settle();

    CHECK(source.figures().directories == 2);
    CHECK(source.figures().watches == 1);
    write_file(temp / "sub/on/f", "x");
    CHECK(source.changes_until_now().empty());

    mount.end();
    source.wait_for(ChangeKind::subtree);
    CHECK(told(source.changes_until_now(), ChangeKind::subtree, "sub"));
    check_every_directory_is_watched(source, temp.path());
}

TEST_CASE("a file system mounted while live is entered without one_file_system",
          "[watcher][mounts]")
{
    const TempDir temp;
    make_dirs(temp / "sub/below");
    LiveSource source({.source = temp.path(), .one_file_system = false});
    source.settle();

    Mount mount(temp / "sub");
    if (!mount) return;
    source.wait_for(ChangeKind::subtree);
    make_dirs(temp / "sub/on/deep");
    check_every_directory_is_watched(source, temp.path());

    mount.end();
    source.wait_for(ChangeKind::subtree);
    check_every_directory_is_watched(source, temp.path());
}

TEST_CASE("a directory mounted twice is watched once and polled under the other name",
          "[watcher][mounts]")
{
    const TempDir temp;
    make_dirs(temp / "a/d");
    make_dirs(temp / "b");
    const Mount mount(temp / "b", temp / "a");
    if (!mount) return;
    LiveSource source({.source = temp.path(), .one_file_system = false});
    source.settle();
    CHECK(source.figures().unwatched == 1);

    write_file(temp / "a/d/f", "x");
    const Changes changes = source.changes_until_now();

    const bool by_a = told(changes, ChangeKind::content, "a/d/f");
    CHECK(told(changes, ChangeKind::content, by_a ? "a/d/f" : "b/d/f"));
    CHECK(told(changes, ChangeKind::subtree, by_a ? "b" : "a"));
}

TEST_CASE("a source mounted inside itself is not walked for ever", "[watcher][mounts]")
{
    const TempDir temp;
    make_dirs(temp / "self");
    const Mount mount(temp / "self", temp.path());
    if (!mount) return;
    LiveSource source({.source = temp.path(), .one_file_system = false});
    source.settle();

    CHECK(source.figures().watches == 1);
    CHECK(source.figures().unwatched == 1);
}

}  // namespace
