// The oracle must see every kind of difference, or every other test is worth less.
#include "tests/support/tree_equal.h"

#include "tests/support/child.h"
#include "tests/support/temp_tree.h"

#include <catch2/catch.hpp>

#include <unistd.h>

#include <functional>
#include <string>
#include <vector>

namespace lockstep::testing {

namespace {

// A small tree with one of everything.
void plant(const std::string& root)
{
    write_file(root + "/dir/file", "content");
    write_file(root + "/dir/other", "content");
    write_file(root + "/linked", "one file, two names");
    make_hard_link(root + "/linked", root + "/dir/linked");
    make_symlink("dir/file", root + "/symlink");
    make_fifo(root + "/fifo");
    make_dirs(root + "/empty");
    set_xattr(root + "/dir/other", "user.colour", "blue");
}

// A copy that rsync itself calls equal.
void copy(const std::string& from, const std::string& to)
{
    const Output output = run(
        {"/usr/bin/rsync", "-aHAX", "--numeric-ids", "--modify-window=-1", from + "/", to + "/"});
    REQUIRE(output.exit_code == 0);
}

struct Difference {
    std::string name;
    std::function<void(const std::string& destination)> make;
};

timespec later(timespec time, long nanoseconds)
{
    time.tv_nsec = (time.tv_nsec + nanoseconds) % 1'000'000'000;
    return time;
}

const std::vector<Difference>& differences()
{
    static const std::vector<Difference> all{
        {"a missing file", [](const std::string& d) { remove_file(d + "/dir/other"); }},
        {"a missing directory", [](const std::string& d) { remove_file(d + "/empty"); }},
        {"a file too many", [](const std::string& d) { write_file(d + "/more", ""); }},
        {"another length", [](const std::string& d) { append_file(d + "/dir/file", "!"); }},
        {"one byte under the same size and times",
         [](const std::string& d) {
             const timespec mtime = mtime_of(d + "/dir/file");
             write_file(d + "/dir/file", "c0ntent");
             set_mtime(d + "/dir/file", mtime);
         }},
        {"an mtime off by a nanosecond",
         [](const std::string& d) {
             set_mtime(d + "/dir/file", later(mtime_of(d + "/dir/file"), 1));
         }},
        {"the mtime of a directory",
         [](const std::string& d) { set_mtime(d + "/dir", later(mtime_of(d + "/dir"), 1)); }},
        {"the mtime of the root itself",
         [](const std::string& d) { set_mtime(d, later(mtime_of(d), 1)); }},
        {"the mtime of a symlink",
         [](const std::string& d) {
             set_mtime(d + "/symlink", later(mtime_of(d + "/symlink"), 1));
         }},
        {"a mode", [](const std::string& d) { set_mode(d + "/dir/file", 0600); }},
        {"the mode of a directory", [](const std::string& d) { set_mode(d + "/empty", 01777); }},
        {"the target of a symlink",
         [](const std::string& d) {
             const timespec mtime = mtime_of(d + "/symlink");
             remove_file(d + "/symlink");
             make_symlink("dir/filE", d + "/symlink");
             set_mtime(d + "/symlink", mtime);
         }},
        {"a directory in place of a symlink",
         [](const std::string& d) {
             remove_file(d + "/symlink");
             make_dirs(d + "/symlink");
         }},
        {"a file in place of a fifo",
         [](const std::string& d) {
             remove_file(d + "/fifo");
             write_file(d + "/fifo", "");
         }},
        {"a hard link that became a copy",
         [](const std::string& d) {
             const timespec mtime = mtime_of(d + "/linked");
             const timespec directory = mtime_of(d + "/dir");
             remove_file(d + "/dir/linked");
             write_file(d + "/dir/linked", "one file, two names");
             set_mtime(d + "/dir/linked", mtime);
             set_mtime(d + "/dir", directory);
         }},
        {"the value of an xattr",
         [](const std::string& d) { set_xattr(d + "/dir/other", "user.colour", "bluf"); }},
        {"an xattr too many",
         [](const std::string& d) { set_xattr(d + "/dir/file", "user.taste", "sour"); }},
        {"an ACL",
         [](const std::string& d) {
             const Output set = run({"setfacl", "-m", "u:65534:r", d + "/dir/file"});
             REQUIRE(set.exit_code == 0);
         }},
    };
    return all;
}

}  // namespace

TEST_CASE("a faithful copy shows no difference", "[support][tree_equal]")
{
    const TempDir dir;
    plant(dir / "a");
    copy(dir / "a", dir / "b");

    CHECK(tree_differences(dir / "a", dir / "b") == Lines{});
    CHECK(quick_differences(dir / "a", dir / "b") == Lines{});
}

TEST_CASE("every kind of difference is seen, by rsync's eyes and by our own",
          "[support][tree_equal]")
{
    const auto number = GENERATE(range(std::size_t{0}, differences().size()));
    const Difference& difference = differences()[number];
    const TempDir dir;
    plant(dir / "a");
    copy(dir / "a", dir / "b");

    difference.make(dir / "b");

    INFO(difference.name);
    CHECK(tree_differences(dir / "a", dir / "b") != Lines{});
    CHECK(quick_differences(dir / "a", dir / "b") != Lines{});
}

TEST_CASE("another owner is seen", "[support][tree_equal]")
{
    if (::geteuid() != 0) return;  // only root gives files away
    const TempDir dir;
    plant(dir / "a");
    copy(dir / "a", dir / "b");

    set_owner(dir / "b/dir/file", 1, 0);

    CHECK(tree_differences(dir / "a", dir / "b").size() == 1);
    CHECK(quick_differences(dir / "a", dir / "b") == Lines{"dir/file: owner 0:0, there 1:0"});
}

TEST_CASE("a difference is told with its path and both sides", "[support][tree_equal]")
{
    const TempDir dir;
    write_file(dir / "a/x\ny", "abcdef");
    copy(dir / "a", dir / "b");

    const timespec mtime = mtime_of(dir / "b/x\ny");
    write_file(dir / "b/x\ny", "abcdEf");
    set_mtime(dir / "b/x\ny", mtime);
    set_mode(dir / "b/x\ny", 0600);

    CHECK(quick_differences(dir / "a", dir / "b") ==
          Lines{"x\\x0ay: mode 0644, there 0600", "x\\x0ay: content differs at byte 4"});
}

TEST_CASE("what is ignored or excluded is no difference", "[support][tree_equal]")
{
    const TempDir dir;
    write_file(dir / "a/kept", "1");
    make_dirs(dir / "a/cache");
    copy(dir / "a", dir / "b");
    const timespec mtime = mtime_of(dir / "b");
    write_file(dir / "a/cache/below", "2");
    set_mtime(dir / "b", mtime);
    Compare compare;
    compare.ignore = [](const std::string& path) { return path == "cache"; };

    CHECK(quick_differences(dir / "a", dir / "b", compare) == Lines{});
    CHECK(tree_differences(dir / "a", dir / "b", {"--exclude=/cache"}) == Lines{});
    CHECK(quick_differences(dir / "a", dir / "b") != Lines{});
}

TEST_CASE("a tree that is not there is a difference, not equality", "[support][tree_equal]")
{
    const TempDir dir;
    make_dirs(dir / "a");

    CHECK(tree_differences(dir / "a/none", dir / "a") != Lines{});
    CHECK(quick_differences(dir / "a", dir / "none") != Lines{});
}

}  // namespace lockstep::testing
