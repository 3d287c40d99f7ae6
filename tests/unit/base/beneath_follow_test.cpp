// Links that stand for directories, and those that do not.
#include "base/beneath.h"
#include "tests/support/temp_tree.h"

#include <catch2/catch.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

using namespace lockstep;
using namespace lockstep::testing;

namespace {

std::string content_of(const Beneath& beneath, const std::string& path)
{
    const Opened opened = beneath.open_file(path);
    if (!opened.fd) return "errno " + std::to_string(opened.error);
    std::string content(100, '\0');
    content.resize(static_cast<std::size_t>(
        std::max<ssize_t>(::read(opened.fd.get(), content.data(), content.size()), 0)));
    return content;
}

mode_t type_of(const Beneath& beneath, const std::string& path)
{
    struct stat status {};
    return beneath.status(path, status) == 0 ? status.st_mode & S_IFMT : 0;
}

int error_of(const Beneath& beneath, const std::string& path)
{
    struct stat status {};
    return beneath.status(path, status);
}

}  // namespace

TEST_CASE("what is below a followed link is read where it leads, relative or absolute",
          "[base][follow]")
{
    const TempDir dir;
    write_file(dir / "outside/deep/file", "content");
    make_dirs(dir / "src/a");
    make_symlink(dir / "outside", dir / "src/absolute");
    make_symlink("../../outside", dir / "src/a/relative");
    const Beneath beneath(dir / "src", true, {"a/relative", "absolute"});

    for (const std::string link : {"absolute", "a/relative"}) {
        CHECK(beneath.follows(link));
        CHECK(type_of(beneath, link) == S_IFDIR);
        CHECK(type_of(beneath, link + "/deep/file") == S_IFREG);
        CHECK(content_of(beneath, link + "/deep/file") == "content");
        CHECK(beneath.open_directory(link).fd);
        CHECK(error_of(beneath, link + "/deep/none") == ENOENT);
    }
}

TEST_CASE("a listing has a followed link as a directory, and others as links", "[base][follow]")
{
    const TempDir dir;
    make_dirs(dir / "outside");
    make_dirs(dir / "src");
    make_symlink("../outside", dir / "src/followed");
    make_symlink("../outside", dir / "src/link");
    make_symlink("nowhere", dir / "src/dangling");
    const Beneath beneath(dir / "src", true, {"followed", "dangling"});

    std::vector<DirEntry> entries;
    REQUIRE(beneath.list("", entries) == 0);
    REQUIRE(entries.size() == 3);
    for (const DirEntry& entry : entries) {
        INFO(entry.name);
        CHECK(entry.error == (entry.name == "dangling" ? ENOLINK : 0));
        CHECK(S_ISDIR(entry.status.st_mode) == (entry.name == "followed"));
    }
}

TEST_CASE("a followed link that leads nowhere is no absence", "[base][follow]")
{
    const TempDir dir;
    write_file(dir / "src/file", "");
    make_symlink("nowhere", dir / "src/dangling");
    make_symlink("file/below", dir / "src/through_a_file");
    make_symlink("loop", dir / "src/loop");
    const Beneath beneath(dir / "src", true, {"dangling", "through_a_file", "loop", "never"});

    for (const std::string link : {"dangling", "through_a_file", "loop"}) {
        INFO(link);
        CHECK(error_of(beneath, link) == ENOLINK);
        CHECK(error_of(beneath, link + "/below") == ENOLINK);
        CHECK(beneath.open_directory(link).error == ENOLINK);
        CHECK(content_of(beneath, link + "/file") == "errno " + std::to_string(ENOLINK));
    }
    CHECK(error_of(beneath, "never") == ENOENT);
}

TEST_CASE("what is a directory, or leads to a file, is what it is", "[base][follow]")
{
    const TempDir dir;
    write_file(dir / "src/file", "");
    make_dirs(dir / "src/directory");
    make_symlink("file", dir / "src/link");
    const Beneath beneath(dir / "src", true, {"directory", "link"});

    CHECK(type_of(beneath, "directory") == S_IFDIR);
    CHECK(type_of(beneath, "link") == S_IFLNK);
    CHECK_FALSE(beneath.follows("link"));
}

TEST_CASE("a followed link below a followed link", "[base][follow]")
{
    const TempDir dir;
    write_file(dir / "inner/file", "innermost");
    make_dirs(dir / "outer");
    make_dirs(dir / "src");
    make_symlink("../inner", dir / "outer/b");
    make_symlink("../outer", dir / "src/a");
    const Beneath beneath(dir / "src", true, {"a/b", "a"});

    CHECK(content_of(beneath, "a/b/file") == "innermost");
    CHECK(type_of(beneath, "a/b") == S_IFDIR);
}

TEST_CASE("no other link leads out of what a followed link leads to", "[base][follow]")
{
    const TempDir dir;
    write_file(dir / "secret/file", "secret");
    make_dirs(dir / "outside");
    make_dirs(dir / "src");
    make_symlink("../secret", dir / "outside/link");
    make_symlink("../outside", dir / "src/followed");
    const Beneath beneath(dir / "src", true, {"followed"});

    CHECK(type_of(beneath, "followed/link") == S_IFLNK);
    CHECK(content_of(beneath, "followed/link/file") != "secret");
    CHECK(content_of(beneath, "followed/../secret/file") != "secret");
}

TEST_CASE("a link that is led elsewhere is that of the next look", "[base][follow]")
{
    const TempDir dir;
    write_file(dir / "one/file", "one");
    write_file(dir / "two/file", "two");
    make_dirs(dir / "src");
    make_symlink("../one", dir / "src/link");
    const Beneath before(dir / "src", true, {"link"});
    make_symlink("../two", dir / "src/next");
    rename_path(dir / "src/next", dir / "src/link");

    CHECK(content_of(before, "link/file") == "one");
    CHECK(content_of(Beneath(dir / "src", true, {"link"}), "link/file") == "two");
}
