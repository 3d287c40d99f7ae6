// Trees deeper than a path may be long, and than descriptors are held.
#include "base/fd.h"
#include "live_source.h"
#include "watcher/walk.h"

#include <climits>

#include <fcntl.h>
#include <sys/stat.h>

namespace {

using namespace lockstep;
using namespace lockstep::watcher;
using namespace lockstep::watcher::test;

constexpr std::size_t levels = 1500;
static_assert(levels > Walker::held_max);
static_assert(levels * 4 > PATH_MAX);

// "deep/deep/…", with a sibling "side" at each level, so that a walk comes back to every one of
// them. Returns the innermost directory.
Fd make_deep(const std::string& root)
{
    Fd at(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    for (std::size_t level = 0; level < levels; ++level) {
        REQUIRE(::mkdirat(at.get(), "deep", 0755) == 0);
        REQUIRE(::mkdirat(at.get(), "side", 0755) == 0);
        at = Fd(::openat(at.get(), "deep", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        REQUIRE(at.get() >= 0);
    }
    return at;
}

std::string deep_path(const std::string& name)
{
    std::string path;
    for (std::size_t level = 0; level < levels; ++level) path += "deep/";
    return path + name;
}

TEST_CASE("a tree deeper than a path may be long is watched whole", "[watcher][deep]")
{
    const TempDir temp;
    const Fd innermost = make_deep(temp.path());
    LiveSource source({.source = temp.path()});
    source.settle();

    CHECK(source.figures().watches == 2 * levels + 1);
    REQUIRE(::mkdirat(innermost.get(), "new", 0755) == 0);
    const Fd made(::openat(innermost.get(), "new", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    source.changes_until_now();
    REQUIRE(::mkdirat(made.get(), "newer", 0755) == 0);
    CHECK(told(source.changes_until_now(), ChangeKind::content, deep_path("new/newer")));
    CHECK(source.figures().watches == 2 * levels + 3);
}

TEST_CASE("a deep tree moved into the source is told and watched whole", "[watcher][deep]")
{
    const TempDir temp;
    const TempDir outside;
    make_dirs(outside / "t");
    make_deep(outside / "t");
    LiveSource source({.source = temp.path()});
    source.settle();

    rename_path(outside / "t", temp / "t");

    CHECK(source.changes_until_now().size() == 2 * levels + 1);
    CHECK(source.figures().watches == 2 * levels + 2);
}

}  // namespace
