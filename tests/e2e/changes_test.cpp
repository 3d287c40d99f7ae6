// Every way of changing a tree, one after the other, each followed by a flush and a comparison.
#include "tests/e2e/live_mirror.h"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace lockstep::testing;

namespace {

struct Change {
    const char* what;
    std::function<void()> make;
};

void require_each_arrives(LiveMirror& mirror, const std::vector<Change>& changes)
{
    for (const Change& change : changes) {
        INFO(change.what);
        change.make();
        REQUIRE(mirror.flushed_differences() == Lines{});
    }
    CHECK(mirror.full_compares() == 1);  // all of it was told by events
}

void overwrite(const std::string& path, std::size_t offset, std::string_view bytes)
{
    const lockstep::Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    REQUIRE(::pwrite(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset)) ==
            static_cast<ssize_t>(bytes.size()));
}

void make_tree(const std::string& path)
{
    write_file(path + "/f", "f");
    write_file(path + "/deep/er/g", random_bytes(3000, 7));
    make_symlink("../f", path + "/deep/link");
    make_dirs(path + "/empty");
}

}  // namespace

TEST_CASE("every way of writing a file arrives", "[e2e][changes]")
{
    LiveMirror mirror;
    const std::string f = mirror.source("f");
    const std::string big = mirror.source("big");
    require_each_arrives(
        mirror,
        {
            {"create", [&] { write_file(f, "one\n"); }},
            {"create empty", [&] { write_file(mirror.source("empty"), ""); }},
            {"create large", [&] { write_file(big, random_bytes(3'000'000, 1)); }},
            {"append", [&] { append_file(f, "two\n"); }},
            {"append to large", [&] { append_file(big, random_bytes(5000, 2)); }},
            {"overwrite in place, same size", [&] { overwrite(f, 0, "ONE\n"); }},
            {"overwrite inside large", [&] { overwrite(big, 1'234'567, "changed"); }},
            {"rewrite", [&] { write_file(f, "quite another content\n"); }},
            {"truncate shorter", [&] { REQUIRE(::truncate(f.c_str(), 5) == 0); }},
            {"truncate longer", [&] { REQUIRE(::truncate(f.c_str(), 50'000) == 0); }},
            {"truncate to nothing", [&] { REQUIRE(::truncate(big.c_str(), 0) == 0); }},
            {"atomic save", [&] { replace_file(f, "saved by an editor\n"); }},
            {"atomic save of the same length", [&] { replace_file(f, "SAVED BY AN EDITOR\n"); }},
        });
}

TEST_CASE("a change that keeps size and time arrives", "[e2e][changes]")
{
    LiveMirror mirror;
    const std::string f = mirror.source("f");
    write_file(f, "aaaa");
    REQUIRE(mirror.flushed_differences() == Lines{});
    const timespec before = mtime_of(f);

    overwrite(f, 0, "bbbb");
    set_mtime(f, before);

    REQUIRE(mirror.agent.flush() == 0);
    CHECK(read_file(mirror.dest("f")) == "bbbb");
    CHECK(mirror.differences() == Lines{});
}

TEST_CASE("attributes alone arrive", "[e2e][changes]")
{
    LiveMirror mirror;
    const std::string f = mirror.source("f");
    const std::string d = mirror.source("d");
    const std::string link = mirror.source("link");
    write_file(f, "content");
    write_file(d + "/inside", "content");
    make_symlink("f", link);
    REQUIRE(mirror.flushed_differences() == Lines{});

    std::vector<Change> changes{
        {"chmod of a file", [&] { set_mode(f, 0600); }},
        {"chmod of a file, special bits", [&] { set_mode(f, 04755); }},
        {"chmod of a file to nothing", [&] { set_mode(f, 0); }},
        {"chmod of a directory", [&] { set_mode(d, 0700); }},
        {"chmod of a directory, sticky", [&] { set_mode(d, 01777); }},
        {"chmod of the source itself", [&] { set_mode(mirror.source(), 0711); }},
        {"mtime of a file",
         [&] {
             set_mtime(f, {1'000'000'000, 123'456'789});
         }},
        {"mtime of a file, before 1970",
         [&] {
             set_mtime(f, {-86'400, 0});
         }},
        {"mtime of a directory",
         [&] {
             set_mtime(d, {1'100'000'000, 1});
         }},
        {"mtime of the source itself",
         [&] {
             set_mtime(mirror.source(), {1'200'000'000, 2});
         }},
        {"mtime of a symlink",
         [&] {
             set_mtime(link, {1'300'000'000, 3});
         }},
    };
    if (::geteuid() == 0) {
        changes.push_back({"chown of a file", [&] { set_owner(f, 1234, 2345); }});
        changes.push_back({"chgrp of a file", [&] { set_owner(f, 1234, 99); }});
        changes.push_back({"chown of a directory", [&] { set_owner(d, 1234, 2345); }});
        changes.push_back({"chown of a symlink", [&] { set_owner(link, 4321, 1); }});
        changes.push_back(
            {"chown of the source itself", [&] { set_owner(mirror.source(), 7, 8); }});
    }
    require_each_arrives(mirror, changes);
}

TEST_CASE("symlinks and FIFOs arrive as what they are", "[e2e][changes]")
{
    LiveMirror mirror;
    write_file(mirror.source("f"), "content");
    write_file(mirror.source("d/inside"), "content");
    const std::string link = mirror.source("link");
    const auto retarget = [&](const std::string& target) {
        remove_file(link);
        make_symlink(target, link);
    };
    require_each_arrives(
        mirror, {
                    {"symlink to a file", [&] { make_symlink("f", link); }},
                    {"retarget, same length", [&] { retarget("g"); }},
                    {"retarget to a directory", [&] { retarget("d"); }},
                    {"retarget to nothing", [&] { retarget("nowhere"); }},
                    {"retarget by rename",
                     [&] {
                         make_symlink("d/inside", mirror.source("new"));
                         rename_path(mirror.source("new"), link);
                     }},
                    {"rename a symlink", [&] { rename_path(link, mirror.source("moved link")); }},
                    {"FIFO", [&] { make_fifo(mirror.source("pipe"), 0640); }},
                    {"chmod of a FIFO", [&] { set_mode(mirror.source("pipe"), 0600); }},
                    {"rename of a FIFO",
                     [&] { rename_path(mirror.source("pipe"), mirror.source("d/pipe")); }},
                    {"delete", [&] { remove_file(mirror.source("moved link")); }},
                });
}

TEST_CASE("symlinks that lead out of the source arrive as they are, never what is there",
          "[e2e][changes]")
{
    if (::geteuid() != 0) return;  // without chroot a daemon rewrites them
    LiveMirror mirror;
    write_file(mirror.outside("secret/file"), "secret");
    require_each_arrives(
        mirror,
        {
            {"absolute, to a file",
             [&] { make_symlink(mirror.outside("secret/file"), mirror.source("a")); }},
            {"absolute, to a directory",
             [&] { make_symlink(mirror.outside("secret"), mirror.source("b")); }},
            {"upwards", [&] { make_symlink("../outside/secret", mirror.source("c")); }},
            {"in place of a directory",
             [&] {
                 write_file(mirror.source("secret/file"), "public");
                 remove_tree(mirror.source("secret"));
                 make_symlink("../outside/secret", mirror.source("secret"));
             }},
            {"a write behind it", [&] { write_file(mirror.source("secret/file"), "changed"); }},
        });
}

TEST_CASE("directories arrive with what was put into them at once", "[e2e][changes]")
{
    LiveMirror mirror;
    require_each_arrives(
        mirror, {
                    {"mkdir", [&] { make_dirs(mirror.source("d")); }},
                    {"mkdir -p, deep", [&] { make_dirs(mirror.source("a/b/c/d/e/f/g/h")); }},
                    {"mkdir -p, deep and filled", [&] { make_tree(mirror.source("x/y/z/t")); }},
                    {"a file in a new directory",
                     [&] { write_file(mirror.source("a/b/c/d/e/f/g/h/file"), "late"); }},
                    {"many at once",
                     [&] {
                         for (int i = 0; i < 40; ++i)
                             make_tree(mirror.source("many/" + std::to_string(i)));
                     }},
                    {"made, filled and moved",
                     [&] {
                         make_tree(mirror.source("first"));
                         rename_path(mirror.source("first"), mirror.source("a/b/second"));
                         write_file(mirror.source("a/b/second/third"), "3");
                     }},
                    {"made and gone again",
                     [&] {
                         make_tree(mirror.source("brief"));
                         remove_tree(mirror.source("brief"));
                     }},
                });
}

TEST_CASE("renames arrive, of files and of directories", "[e2e][changes]")
{
    LiveMirror mirror;
    make_tree(mirror.source("t"));
    write_file(mirror.source("f"), random_bytes(100'000, 5));
    write_file(mirror.source("other"), "other");
    REQUIRE(mirror.flushed_differences() == Lines{});
    const auto move = [&](const char* from, const char* to) {
        rename_path(mirror.source(from), mirror.source(to));
    };
    require_each_arrives(
        mirror,
        {
            {"file", [&] { move("f", "g"); }},
            {"file into a directory", [&] { move("g", "t/g"); }},
            {"file over another", [&] { move("t/g", "other"); }},
            {"directory", [&] { move("t", "u"); }},
            {"a write in the moved directory",
             [&] { write_file(mirror.source("u/deep/er/new"), "new"); }},
            {"directory into a directory",
             [&] {
                 make_dirs(mirror.source("home"));
                 move("u", "home/u");
             }},
            {"directory over an empty one",
             [&] {
                 make_dirs(mirror.source("vacant"));
                 move("home/u", "vacant");
             }},
            {"three in a row",
             [&] {
                 move("vacant", "1");
                 move("1", "2");
                 move("2", "3");
             }},
            {"and a write after them", [&] { append_file(mirror.source("3/deep/er/g"), "x"); }},
            {"two names exchanged",
             [&] {
                 write_file(mirror.source("left/l"), "l");
                 write_file(mirror.source("right/r"), "r");
                 exchange_paths(mirror.source("left"), mirror.source("right"));
             }},
            {"file and directory exchanged",
             [&] { exchange_paths(mirror.source("other"), mirror.source("left")); }},
        });
}

TEST_CASE("what moves out of the source goes, what moves in arrives", "[e2e][changes]")
{
    LiveMirror mirror;
    write_file(mirror.source("f"), "f");
    make_tree(mirror.source("t"));
    make_tree(mirror.outside("in"));
    write_file(mirror.outside("g"), "g");
    REQUIRE(mirror.flushed_differences() == Lines{});
    require_each_arrives(
        mirror,
        {
            {"file out", [&] { rename_path(mirror.source("f"), mirror.outside("f")); }},
            {"file in", [&] { rename_path(mirror.outside("g"), mirror.source("g")); }},
            {"directory out", [&] { rename_path(mirror.source("t"), mirror.outside("t")); }},
            {"a write outside", [&] { write_file(mirror.outside("t/deep/n"), "not seen"); }},
            {"directory in", [&] { rename_path(mirror.outside("in"), mirror.source("in")); }},
            {"a write in it", [&] { write_file(mirror.source("in/deep/er/n"), "seen"); }},
            {"the first back in", [&] { rename_path(mirror.outside("t"), mirror.source("t")); }},
            {"out and in at once",
             [&] {
                 rename_path(mirror.source("t"), mirror.outside("t"));
                 write_file(mirror.outside("t/meanwhile"), "outside");
                 rename_path(mirror.outside("t"), mirror.source("in/t"));
             }},
        });
}

TEST_CASE("deletions arrive", "[e2e][changes]")
{
    LiveMirror mirror;
    write_file(mirror.source("f"), "f");
    make_tree(mirror.source("t"));
    make_tree(mirror.source("u/v"));
    REQUIRE(mirror.flushed_differences() == Lines{});
    require_each_arrives(mirror,
                         {
                             {"file", [&] { remove_file(mirror.source("f")); }},
                             {"file deep down", [&] { remove_file(mirror.source("t/deep/er/g")); }},
                             {"empty directory", [&] { remove_file(mirror.source("t/empty")); }},
                             {"rm -r", [&] { remove_tree(mirror.source("t")); }},
                             {"rm -r and made again",
                              [&] {
                                  remove_tree(mirror.source("u"));
                                  write_file(mirror.source("u/only"), "new");
                              }},
                             {"all that is left", [&] { remove_tree(mirror.source("u")); }},
                         });
    CHECK(names_in(mirror.dest()).empty());
}

TEST_CASE("any kind of entry replaces any other under the same name", "[e2e][changes]")
{
    LiveMirror mirror;
    const std::string name = mirror.source("d/name");
    make_dirs(mirror.source("d"));
    struct Kind {
        const char* what;
        std::function<void(const std::string&)> make;
    };
    const std::vector<Kind> kinds{
        {"file", [](const std::string& path) { write_file(path, "a file"); }},
        {"directory", make_tree},
        {"symlink", [](const std::string& path) { make_symlink("../elsewhere", path); }},
        {"fifo", [](const std::string& path) { make_fifo(path); }},
    };
    std::vector<Change> changes;
    for (const Kind& from : kinds)
        for (const Kind& to : kinds) {
            if (&from == &to) continue;
            changes.push_back({from.what, [&] {
                                   remove_tree(name);
                                   from.make(name);
                               }});
            changes.push_back({to.what, [&] {
                                   remove_tree(name);
                                   to.make(name);
                               }});
        }
    // And without anybody looking in between: only the last one counts.
    changes.push_back({"all of them in one breath", [&] {
                           for (int round = 0; round < 5; ++round)
                               for (const Kind& kind : kinds) {
                                   remove_tree(name);
                                   kind.make(name);
                               }
                       }});
    require_each_arrives(mirror, changes);
}
