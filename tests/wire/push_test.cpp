#include "push_fixture.h"
#include "tests/support/real_daemon.h"
#include "tests/support/temp_tree.h"
#include "tests/support/tree_equal.h"

#include <catch2/catch.hpp>

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

using namespace lockstep;
using namespace lockstep::testing;
using namespace lockstep::transport;
using namespace lockstep::wire_test;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t mebi = std::size_t{1024} * 1024;

// A bit of everything a list can say.
void fill(const std::string& source)
{
    write_file(source + "/empty", "");
    write_file(source + "/one", "x");
    write_file(source + "/large", random_bytes(3 * mebi + 17, 1));
    write_file(source + "/deep/er/est/file", random_bytes(70'000, 2));
    write_file(source + "/old", "old");
    set_mtime(source + "/old", {1'000'000'000, 0});
    make_symlink("deep/er", source + "/link");
    make_symlink(std::string(300, 't'), source + "/long-link");
    make_fifo(source + "/pipe");
    make_dirs(source + "/empty-dir", 0700);
    write_file(source + "/name with\nnewline \xff\xfe [x]*?\\", "odd");
    write_file(source + "/" + std::string(255, 'n'), "long name");
    write_file(source + "/-dash", "dash");
    set_owner(source + "/one", 12345, 54321);
    set_mode(source + "/one", 04755);
    REQUIRE(::mknod((source + "/device").c_str(), S_IFCHR | 0600, makedev(300, 70000)) == 0);
}

}  // namespace

TEST_CASE("a whole tree arrives over protocols 27 to 32", "[wire][push]")
{
    const int protocol = GENERATE(range(27, 33));
    const PushEnds ends;
    fill(ends.source());
    Endpoint endpoint = ends.endpoint();
    endpoint.protocol_max = protocol;
    PushOptions options;
    options.delete_extras = true;
    write_file(ends.destination() + "/extra/below", "to be removed");

    const Pushed pushed = push(endpoint, options, list_of(ends.source()), ends.source());

    CHECK(pushed.peer.protocol == release_of_daemons().protocol_for(protocol));
    CHECK(pushed.outcome.failures.empty());
    CHECK(pushed.outcome.unattributed.empty());
    // Before 31 times have whole seconds.
    Compare compare;
    compare.times = protocol >= 31;
    CHECK(quick_differences(ends.source(), ends.destination(), compare) == Lines{});
    if (protocol >= 31) CHECK(tree_differences(ends.source(), ends.destination()) == Lines{});
}

TEST_CASE("a changed file is sent as a delta", "[wire][push][delta]")
{
    const PushEnds ends;
    const std::string before = random_bytes(8 * mebi, 3);
    write_file(ends.source() + "/f", before);
    PushOptions options;
    options.ignore_times = true;
    push(ends.endpoint(), options, list_of(ends.source()), ends.source());
    const std::string after = before.substr(0, mebi) + "inserted" + before.substr(mebi);
    write_file(ends.source() + "/f", after);

    const Pushed pushed = push(ends.endpoint(), options, list_of(ends.source()), ends.source());

    CHECK(read_file(ends.destination() + "/f") == after);
    CHECK(pushed.outcome.figures.literal_bytes < 100'000);
    CHECK(pushed.outcome.figures.matched_bytes > 7 * mebi);
    CHECK(pushed.outcome.figures.bytes_sent < 300'000);
}

TEST_CASE("every login digest that the daemon knows is understood", "[wire][login]")
{
    const std::string digest = GENERATE("sha512", "sha256", "sha1", "md5", "md4");
    TempDir dir;
    make_dirs(dir / "src");
    make_dirs(dir / "dst");
    RealDaemon daemon({{.name = "m",
                        .path = dir / "dst",
                        .user = "u",
                        .password = "p",
                        .lines = {"auth digest = " + digest}}});
    write_file(dir / "src/f", digest);
    Endpoint endpoint;
    endpoint.host = "127.0.0.1";
    endpoint.port = daemon.port();
    endpoint.module = "m";
    endpoint.user = "u";
    endpoint.password = "p";

    push(endpoint, PushOptions{}, list_of(dir / "src"), dir / "src");

    CHECK(read_file(dir / "dst/f") == digest);
}

TEST_CASE("deletion marks remove files, links and whole directories", "[wire][push][delete]")
{
    const PushEnds ends;
    write_file(ends.destination() + "/file", "x");
    write_file(ends.destination() + "/dir/sub/file", "x");
    make_symlink("nowhere", ends.destination() + "/link");
    write_file(ends.destination() + "/stays", "x");
    PushList list = list_of(ends.source());
    list.entries[0].dir_kind = DirKind::plain;
    for (const char* path : {"file", "dir", "link", "never-there"}) {
        Entry gone;
        gone.path = path;
        list.entries.push_back(gone);
    }
    PushOptions options;
    options.delete_missing = true;

    const Pushed pushed = push(ends.endpoint(), options, list, ends.source());

    CHECK(pushed.outcome.failures.empty());
    CHECK(names_in(ends.destination()) == std::vector<std::string>{"stays"});
}

TEST_CASE("values of attributes are those of the file that they are asked for",
          "[wire][push][delete][xattrs]")
{
    const PushEnds ends;
    write_file(ends.destination() + "/gone", "x");
    const std::string value(100, 'v');  // said only when asked for
    for (const char* name : {"a", "z"}) {
        write_file(ends.source() + "/" + name, name);
        REQUIRE(::setxattr((ends.source() + "/" + name).c_str(), "user.test", (name + value).data(),
                           value.size() + 1, 0) == 0);
    }
    PushList list = list_of(ends.source());
    list.entries[0].dir_kind = DirKind::plain;
    for (Entry& entry : list.entries)
        if (entry.is_regular()) entry.xattrs.edit() = {{"user.test", entry.path + value}};
    Entry gone;
    gone.path = "gone";
    list.entries.push_back(gone);
    PushOptions options;
    options.delete_missing = true;
    options.xattrs = true;

    push(ends.endpoint(), options, list, ends.source());

    CHECK(names_in(ends.destination()) == std::vector<std::string>{"a", "z"});
    for (const char* name : {"a", "z"}) {
        std::string there(200, '\0');
        const ssize_t got = ::getxattr((ends.destination() + "/" + name).c_str(), "user.test",
                                       there.data(), there.size());
        REQUIRE(got == 101);
        CHECK(there.substr(0, 101) == name + value);
    }
}

TEST_CASE("what the rules exclude survives the deletion of the directory around it",
          "[wire][push][delete]")
{
    const PushEnds ends;
    write_file(ends.destination() + "/dir/keep.tmp", "x");
    write_file(ends.destination() + "/dir/file", "x");
    write_file(ends.destination() + "/other/file", "x");
    PushList list = list_of(ends.source());
    list.entries[0].dir_kind = DirKind::plain;
    for (const char* path : {"dir", "other"}) {
        Entry gone;
        gone.path = path;
        list.entries.push_back(gone);
    }
    PushOptions options;
    options.delete_missing = true;
    options.filter_rules = {"- *.tmp"};

    push(ends.endpoint(), options, list, ends.source());

    CHECK(names_in(ends.destination()) == std::vector<std::string>{"dir"});
    CHECK(names_in(ends.destination() + "/dir") == std::vector<std::string>{"keep.tmp"});
}

TEST_CASE("a file that cannot be opened fails alone", "[wire][push]")
{
    const PushEnds ends;
    write_file(ends.source() + "/a", "a");
    write_file(ends.source() + "/b", "b");
    const PushList list = list_of(ends.source());
    remove_file(ends.source() + "/a");

    const Pushed pushed = push(ends.endpoint(), PushOptions{}, list, ends.source());

    REQUIRE(pushed.outcome.failures.size() == 1);
    CHECK(pushed.outcome.failures[0].path == "a");
    CHECK(pushed.outcome.failures[0].vanished);
    CHECK(read_file(ends.destination() + "/b") == "b");
    CHECK_FALSE(exists(ends.destination() + "/a"));
}

TEST_CASE("refusals are told apart by kind", "[wire][refusal]")
{
    PushEnds ends;
    write_file(ends.source() + "/f", "x");
    Endpoint endpoint = ends.endpoint();
    ErrorKind expected = ErrorKind::local;
    Remedy remedy = Remedy::needs_person;
    SECTION("a wrong password")
    {
        endpoint.password = "wrong";
        expected = ErrorKind::auth;
    }
    SECTION("no password at all")
    {
        endpoint.password.reset();
        expected = ErrorKind::auth;
    }
    SECTION("an unknown module")
    {
        endpoint.module = "nowhere";
        expected = ErrorKind::no_module;
    }
    SECTION("a read-only module")
    {
        ends.daemon.set_modules({{.name = "m",
                                  .path = ends.destination(),
                                  .user = "u",
                                  .password = "p",
                                  .lines = {"read only = yes"}}});
        expected = ErrorKind::read_only;
    }
    SECTION("a refused option")
    {
        ends.daemon.set_modules({{.name = "m",
                                  .path = ends.destination(),
                                  .user = "u",
                                  .password = "p",
                                  .lines = {"refuse options = force"}}});
        expected = ErrorKind::refused_option;
    }
    SECTION("a module that is full")
    {
        ends.daemon.set_modules({{.name = "m",
                                  .path = ends.destination(),
                                  .user = "u",
                                  .password = "p",
                                  .lines = {"max connections = -1"}}});
        expected = ErrorKind::busy;
        remedy = Remedy::retry;
    }
    SECTION("a closed port")
    {
        ends.daemon.stop();
        expected = ErrorKind::unreachable;
        remedy = Remedy::retry;
    }

    try {
        push(endpoint, PushOptions{}, list_of(ends.source()), ends.source());
        FAIL("the push was accepted");
    } catch (const Error& error) {
        INFO(error.what());
        CHECK(error.kind() == expected);
        CHECK(error.remedy() == remedy);
    }
}

TEST_CASE("twenty thousand entries and their requests cross without a deadlock", "[wire][push]")
{
    const PushEnds ends;
    for (int d = 0; d < 50; ++d) make_dirs(ends.source() + "/d" + std::to_string(d));
    for (int i = 0; i < 20'000; ++i)
        write_file(ends.source() + "/d" + std::to_string(i % 50) + "/f" + std::to_string(i),
                   "content");

    const Pushed pushed =
        push(ends.endpoint(), PushOptions{}, list_of(ends.source()), ends.source());

    CHECK(pushed.outcome.figures.files_sent == 20'000);
    CHECK(quick_differences(ends.source(), ends.destination()) == Lines{});
}

TEST_CASE("checksum mode finds what size and time hide", "[wire][push]")
{
    const PushEnds ends;
    write_file(ends.source() + "/f", "aaaa");
    write_file(ends.destination() + "/f", "bbbb");
    set_mtime(ends.destination() + "/f", mtime_of(ends.source() + "/f"));
    PushOptions options;

    push(ends.endpoint(), options, list_of(ends.source()), ends.source());
    CHECK(read_file(ends.destination() + "/f") == "bbbb");

    options.checksum = true;
    push(ends.endpoint(), options, list_of(ends.source()), ends.source());
    CHECK(read_file(ends.destination() + "/f") == "aaaa");
}

TEST_CASE("hard links arrive as links over protocols 27 to 32", "[wire][push][hard_links]")
{
    const PushEnds ends;
    write_file(ends.source() + "/a", random_bytes(100'000, 9));
    make_hard_link(ends.source() + "/a", ends.source() + "/b");
    make_dirs(ends.source() + "/d");
    make_hard_link(ends.source() + "/a", ends.source() + "/d/c");
    Endpoint endpoint = ends.endpoint();
    endpoint.protocol_max = GENERATE(range(27, 33));
    PushOptions options;
    options.hard_links = true;

    const Pushed pushed = push(endpoint, options, list_of(ends.source()), ends.source());

    CHECK(pushed.outcome.figures.files_sent == 1);
    CHECK(status_of(ends.destination() + "/d/c").st_nlink == 3);
    CHECK(read_file(ends.destination() + "/b") == read_file(ends.source() + "/a"));
}

TEST_CASE("another file in a linked one's place does not reach its other names",
          "[wire][push][hard_links]")
{
    const PushEnds ends;
    write_file(ends.source() + "/a", "one file");
    make_hard_link(ends.source() + "/a", ends.source() + "/b");
    const PushList seen = list_of(ends.source());
    const std::string name = GENERATE(as<std::string>{}, "/a", "/b");
    const bool gone = GENERATE(false, true);
    if (gone)
        remove_file(ends.source() + name);
    else
        replace_file(ends.source() + name, "another");
    PushOptions options;
    options.hard_links = true;

    const Pushed pushed = push(ends.endpoint(), options, seen, ends.source());

    // The receiver chooses by which name it asks for the content.
    const std::string other = ends.destination() + (name == "/a" ? "/b" : "/a");
    if (exists(other))
        CHECK(read_file(other) == "one file");
    else
        CHECK(pushed.outcome.failures.size() == 2);
    for (const PathFailure& failure : pushed.outcome.failures) CHECK(failure.vanished);
}
