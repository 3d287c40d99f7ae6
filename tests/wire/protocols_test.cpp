// What every protocol version must bring about, and each says in its own way (PROTOCOL.md 25).
#include "push_fixture.h"
#include "spoilt_push.h"
#include "tests/support/old_greetings.h"
#include "tests/support/proxy.h"
#include "tests/support/real_daemon.h"
#include "tests/support/temp_tree.h"
#include "tests/support/tree_equal.h"

#include <catch2/catch.hpp>

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

using namespace lockstep;
using namespace lockstep::testing;
using namespace lockstep::transport;
using namespace lockstep::wire_test;
using namespace std::chrono_literals;

namespace {

struct Ends : PushEnds {
    explicit Ends(int protocol) : protocol_(protocol) {}

    Endpoint old_endpoint() const
    {
        Endpoint where = endpoint();
        where.protocol_max = protocol_;
        return where;
    }
    Pushed push(const PushOptions& options, const PushList& list) const
    {
        Pushed pushed = wire_test::push(old_endpoint(), options, list, source());
        CHECK(pushed.peer.protocol == release_of_daemons().protocol_for(protocol_));
        CHECK(pushed.outcome.unattributed == Lines{});
        return pushed;
    }
    Pushed push(const PushOptions& options = {}) const { return push(options, list_of(source())); }
    std::string source(const std::string& below = "") const
    {
        return PushEnds::source() + (below.empty() ? "" : "/" + below);
    }
    std::string destination(const std::string& below = "") const
    {
        return PushEnds::destination() + (below.empty() ? "" : "/" + below);
    }
    // Before 31 times have whole seconds.
    Lines differences() const
    {
        Compare compare;
        compare.times = protocol_ >= 31;
        return quick_differences(source(), destination(), compare);
    }

private:
    int protocol_;
};

int any_protocol()
{
    const int protocol = GENERATE(range(protocol_min, protocol_max + 1));
    UNSCOPED_INFO("protocol " << protocol);
    return protocol;
}

PushList below_plain_root(const Ends& ends)
{
    PushList list = list_of(ends.source());
    list.entries[0].dir_kind = DirKind::plain;
    return list;
}

}  // namespace

TEST_CASE("names that sort one way as text and another as trees keep their own content",
          "[wire][protocols]")
{
    const Ends ends(any_protocol());
    // A dash and a dot sort before the slash, a zero after it; some of them are directories.
    for (const char* path : {"a/x", "a-b", "a.b/x", "a0", "a/b/c", "a/b-c", "a/b.c/d", "a/b0", "Z",
                             "-", ".hidden/x", "..a", "\x01/x", "\xff", "a\xff/x", "a b/c"})
        write_file(ends.source(path), path);
    make_dirs(ends.source("z"));

    const Pushed pushed = ends.push();

    CHECK(pushed.outcome.failures.empty());
    CHECK(ends.differences() == Lines{});
    CHECK(read_file(ends.destination("a-b")) == "a-b");
    CHECK(read_file(ends.destination("a/b.c/d")) == "a/b.c/d");
}

TEST_CASE("digests in the list stand between entries of every type", "[wire][protocols][checksum]")
{
    const Ends ends(any_protocol());
    for (const char* name : {"b", "d/b", "f", "h"}) {
        write_file(ends.source(name), "ours");
        write_file(ends.destination(name), name == std::string("f") ? "ours" : "othr");
        set_mtime(ends.destination(name), mtime_of(ends.source(name)));
    }
    make_symlink("b", ends.source("c"));
    make_fifo(ends.source("e"));
    REQUIRE(::mknod(ends.source("g").c_str(), S_IFBLK | 0600, makedev(8, 300)) == 0);
    PushOptions options;
    options.checksum = true;

    const Pushed pushed = ends.push(options);

    CHECK(pushed.outcome.failures.empty());
    CHECK(pushed.outcome.figures.files_sent == 3);
    CHECK(ends.differences() == Lines{});
    CHECK(ends.push(options).outcome.figures.files_sent == 0);
}

TEST_CASE("a compare removes what is alien below directories of whole content alone",
          "[wire][protocols][delete]")
{
    const Ends ends(any_protocol());
    write_file(ends.source("whole/kept"), "x");
    write_file(ends.source("whole/deep/kept"), "x");
    for (const char* path :
         {"whole/alien", "whole/deep/alien/below", "whole/alien-dir/x", "beside/x"})
        write_file(ends.destination(path), "x");
    make_symlink("nowhere", ends.destination("whole/deep/link"));
    PushList list = below_plain_root(ends);
    PushOptions options;
    options.delete_extras = true;

    const Pushed pushed = ends.push(options, list);

    CHECK(pushed.outcome.failures.empty());
    CHECK(names_in(ends.destination()) == std::vector<std::string>{"beside", "whole"});
    remove_tree(ends.destination("beside"));
    set_mtime(ends.destination(), mtime_of(ends.source()));
    CHECK(ends.differences() == Lines{});
}

TEST_CASE("rules protect from a compare what they exclude", "[wire][protocols][delete][filter]")
{
    const Ends ends(any_protocol());
    write_file(ends.source("d/kept"), "x");
    for (const char* path : {"d/keep.tmp", "d/alien", "cache/x", "d/cache/x", "d/[x]", "d/x"})
        write_file(ends.destination(path), "x");
    PushOptions options;
    options.delete_extras = true;
    options.filter_rules = {"+ /d/x", "- *.tmp", "- /cache/", "- \\[x]"};

    CHECK(ends.push(options).outcome.failures.empty());

    CHECK(names_in(ends.destination()) == std::vector<std::string>{"cache", "d"});
    CHECK(names_in(ends.destination("d")) == std::vector<std::string>{"[x]", "keep.tmp", "kept"});
}

TEST_CASE("a mark removes what has the name, whatever it is", "[wire][protocols][delete]")
{
    const Ends ends(any_protocol());
    write_file(ends.source("d/stays"), "x");
    for (const char* path : {"d/file", "d/dir/sub/file"}) write_file(ends.destination(path), "x");
    make_symlink("nowhere", ends.destination("link"));
    make_fifo(ends.destination("d/pipe"));
    PushList list = below_plain_root(ends);
    for (Entry& entry : list.entries) entry.dir_kind = DirKind::plain;
    for (const char* path : {"d/file", "d/dir", "link", "d/pipe", "never-there"}) {
        Entry gone;
        gone.path = path;
        list.entries.push_back(gone);
    }
    PushOptions options;
    options.delete_missing = true;

    CHECK(ends.push(options, list).outcome.failures.empty());

    CHECK(ends.differences() == Lines{});
}

TEST_CASE("a mark means the same to a daemon of before the marks", "[wire][protocols][delete]")
{
    const auto* const greeting =
        GENERATE("@RSYNCD: 27", "@RSYNCD: 28", "@RSYNCD: 29", "@RSYNCD: 30.0");
    INFO(greeting);
    const PushEnds ends;
    const Proxy older(ends.daemon.port(), {.greeting = greeting});
    Endpoint endpoint = ends.endpoint();
    endpoint.port = older.port();
    write_file(ends.source() + "/d/new", "x");
    write_file(ends.source() + "/d[1]/e/new", "x");
    for (const char* path :
         {"d/gone", "d/alien", "d/gone-dir/deep/x", "d/gone-dir/deep/keep.tmp", "d[1]/*", "d[1]/x",
          "d[1]/e/alien", "d1/*", "gone \\[x]", "gone x", "alien/gone", "gone"})
        write_file(ends.destination() + "/" + path, "x");
    PushList list = list_of(ends.source());
    for (Entry& entry : list.entries) entry.dir_kind = DirKind::plain;
    for (const char* path : {"d/gone", "d/gone-dir", "d[1]/*", "gone \\[x]", "gone", "never"}) {
        Entry gone;
        gone.path = path;
        list.entries.push_back(gone);
    }
    PushOptions options;
    options.delete_missing = true;
    options.filter_rules = {"+ *.keep", "- *.tmp"};

    const Pushed pushed = push(endpoint, options, list, ends.source());

    CHECK(pushed.outcome.failures.empty());
    CHECK(pushed.outcome.unattributed == Lines{});
    const auto names = [&](const std::string& below) {
        return names_in(ends.destination() + below);
    };
    using Names = std::vector<std::string>;
    CHECK(names("") == Names{"alien", "d", "d1", "d[1]", "gone x"});
    CHECK(names("/d") == Names{"alien", "gone-dir", "new"});
    CHECK(names("/d/gone-dir/deep") == Names{"keep.tmp"});
    CHECK(names("/d[1]") == Names{"e", "x"});
    CHECK(names("/d[1]/e") == Names{"alien", "new"});
    CHECK(names("/d1") == Names{"*"});
    CHECK(names("/alien") == Names{"gone"});
}

TEST_CASE("content spoilt on the way is asked for once more and then right",
          "[wire][protocols][redo]")
{
    const int protocol = any_protocol();
    const bool in_place = GENERATE(false, true);
    const Ends ends(protocol);
    const std::string start = random_bytes(300'000, 1);
    write_file(ends.source("whole"), "a marker that is spoilt once" + start);
    write_file(ends.source("delta"), start);
    write_file(ends.source("other"), start);
    PushOptions options;
    options.ignore_times = true;
    if (in_place) options.way = Way::in_place;
    const std::string name = GENERATE("whole", "delta");
    if (name == "delta") {
        ends.push(options);
        write_file(ends.source("delta"), start + "a marker that is spoilt once" + start);
        remove_file(ends.source("whole"));
    }
    PushList list = list_of(ends.source());
    if (in_place)
        for (Entry& entry : list.entries)
            if (entry.is_regular()) entry.way = Way::in_place;

    const PushOutcome outcome =
        push_spoilt(ends.old_endpoint(), options, "a marker that is spoilt", list, ends.source());

    INFO(name << ", in place " << in_place);
    CHECK(outcome.failures.empty());
    CHECK(outcome.unattributed == Lines{});
    CHECK(read_file(ends.destination(name)) == read_file(ends.source(name)));
    CHECK(read_file(ends.destination("other")) == start);
    // Of what was spoilt where it stands, or had a basis, most need not go again.
    CHECK((outcome.figures.matched_bytes > 250'000) == (in_place || name == "delta"));
}

TEST_CASE("owners with a name and without one arrive, by name and by number",
          "[wire][protocols][ids]")
{
    const bool by_number = GENERATE(true, false);
    const Ends ends(any_protocol());
    const passwd* const nobody = ::getpwnam("nobody");
    const group* const mail = ::getgrnam("mail");
    REQUIRE(nobody != nullptr);
    REQUIRE(mail != nullptr);
    write_file(ends.source("named"), "x");
    set_owner(ends.source("named"), nobody->pw_uid, mail->gr_gid);
    write_file(ends.source("d/nameless"), "x");
    set_owner(ends.source("d/nameless"), 4'000'000'000, 54321);
    write_file(ends.source("last"), "x");
    PushOptions options;
    options.numeric_ids = by_number;

    CHECK(ends.push(options).outcome.failures.empty());

    CHECK(ends.differences() == Lines{});
}

TEST_CASE("a file that cannot be opened fails alone, over any protocol", "[wire][protocols]")
{
    const Ends ends(any_protocol());
    write_file(ends.source("a"), "a");
    write_file(ends.source("b"), "b");
    const PushList list = list_of(ends.source());
    remove_file(ends.source("a"));

    const Pushed pushed = ends.push({}, list);

    REQUIRE(pushed.outcome.failures.size() == 1);
    CHECK(pushed.outcome.failures[0].path == "a");
    CHECK(pushed.outcome.failures[0].vanished);
    CHECK(names_in(ends.destination()) == std::vector<std::string>{"b"});
}

TEST_CASE("what fails at the daemon is told by path, over any protocol", "[wire][protocols]")
{
    const Ends ends(any_protocol());
    write_file(ends.source("way"), "a file");
    write_file(ends.source("other"), "o");
    write_file(ends.destination("way/keep.tmp"), "protected");
    PushOptions options;
    options.delete_extras = true;
    options.filter_rules = {"- *.tmp"};

    const Pushed pushed = ends.push(options);

    REQUIRE(pushed.outcome.failures.size() == 1);
    CHECK(pushed.outcome.failures[0].path == "way");
    CHECK(read_file(ends.destination("other")) == "o");
}

TEST_CASE("many requests cross many answers, over any protocol", "[wire][protocols]")
{
    const Ends ends(any_protocol());
    for (int i = 0; i < 4000; ++i)
        write_file(ends.source("d" + std::to_string(i % 20) + "/f" + std::to_string(i)),
                   std::string(static_cast<std::size_t>(i % 900), 'x'));

    CHECK(ends.push().outcome.figures.files_sent == 4000);

    CHECK(ends.differences() == Lines{});
}

TEST_CASE("a login of before the lists of digests is understood", "[wire][protocols][login]")
{
    const auto [greeting, protocol] = GENERATE(from_range(old_greetings()));
    const bool right = GENERATE(true, false);
    INFO(greeting << ", the right password " << right);
    const PushEnds ends;
    const Proxy older(ends.daemon.port(), {.greeting = greeting});
    write_file(ends.source() + "/f", greeting);
    Endpoint endpoint = ends.endpoint();
    endpoint.port = older.port();
    if (!right) endpoint.password = "wrong";

    if (right) {
        const Pushed pushed = push(endpoint, {}, list_of(ends.source()), ends.source());
        CHECK(pushed.peer.protocol == protocol);
        CHECK(read_file(ends.destination() + "/f") == greeting);
    } else {
        CHECK_THROWS_WITH(push(endpoint, {}, list_of(ends.source()), ends.source()),
                          Catch::Contains("auth failed"));
    }
}
