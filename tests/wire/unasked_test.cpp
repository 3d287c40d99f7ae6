// Content that follows the list without being asked for (PROTOCOL.md 24.3, 24.4).
#include "push_fixture.h"
#include "spoilt_push.h"
#include "tests/support/real_daemon.h"
#include "tests/support/temp_tree.h"
#include "tests/support/tree_equal.h"

#include <catch2/catch.hpp>

#include <sys/stat.h>
#include <sys/xattr.h>

#include <algorithm>
#include <string_view>

using namespace lockstep;
using namespace lockstep::testing;
using namespace lockstep::transport;
using namespace lockstep::wire_test;
using namespace std::chrono_literals;

namespace {

struct Ends {
    TempDir dir;
    RealDaemon daemon;

    explicit Ends(DaemonOptions options = {})
        : daemon({{.name = "m", .path = made(dir / "dst")}}, std::move(options))
    {
    }

    std::string source(const std::string& below = "") const { return dir / "src/" + below; }
    std::string destination(const std::string& below = "") const { return dir / "dst/" + below; }

    Endpoint endpoint(int protocol = 32) const
    {
        Endpoint endpoint;
        endpoint.host = "127.0.0.1";
        endpoint.port = daemon.port();
        endpoint.module = "m";
        endpoint.timeout = 20s;
        endpoint.protocol_max = protocol;
        return endpoint;
    }
    static PushOptions options()
    {
        PushOptions options;
        options.ignore_times = true;
        options.delete_missing = true;
        return options;
    }
    // Everything, with the content of all that is small unasked.
    PushList list() const
    {
        PushList list = list_of(dir / "src");
        for (Entry& entry : list.entries) {
            if (!entry.is_regular() || entry.size > 65536) continue;
            const bool there = ::access(destination(entry.path).c_str(), F_OK) == 0;
            entry.unasked = there ? Unasked::replacement : Unasked::new_file;
        }
        return list;
    }
    PushOutcome push(const PushList& list, int protocol = 32) const
    {
        return wire_test::push(endpoint(protocol), options(), list, dir / "src").outcome;
    }
    // Everything, as it is asked for: what is below a directory that is new may not go unasked.
    void bring_in_step(int protocol = 32) const
    {
        REQUIRE(push(list_of(dir / "src"), protocol).failures.empty());
    }
    Lines differences() const { return tree_differences(dir / "src", dir / "dst"); }
};

}  // namespace

TEST_CASE("content that nobody asked for arrives, new or in the place of a file", "[wire][unasked]")
{
    const int protocol = GENERATE(30, 31, 32);
    const bool one_is_asked_for = GENERATE(false, true);
    INFO("protocol " << protocol << ", one is asked for " << one_is_asked_for);
    const Ends ends;
    write_file(ends.source("d/old"), "as it was");
    write_file(ends.source("d/same"), "stays");
    ends.bring_in_step(protocol);
    write_file(ends.source("d/old"), "as it is now");
    write_file(ends.source("d/new"), random_bytes(60'000, 1));
    write_file(ends.source("d/empty"), "");
    if (one_is_asked_for) write_file(ends.source("d/large"), random_bytes(300'000, 2));

    const PushOutcome outcome = ends.push(ends.list(), protocol);

    CHECK(outcome.failures.empty());
    CHECK(outcome.unattributed.empty());
    CHECK(outcome.figures.files_sent == (one_is_asked_for ? 5U : 4U));
    CHECK(read_file(ends.destination("d/old")) == "as it is now");
    CHECK(read_file(ends.destination("d/new")) == read_file(ends.source("d/new")));
    if (protocol >= 31) CHECK(ends.differences() == Lines{});  // before, times are whole seconds
}

TEST_CASE("a file spoilt on the way is sent again, or reported to be", "[wire][unasked]")
{
    const bool one_is_asked_for = GENERATE(true, false);
    const Ends ends;
    make_dirs(ends.source("d"));
    ends.bring_in_step();
    write_file(ends.source("d/file"), "a marker that is spoilt once");
    if (one_is_asked_for) write_file(ends.source("d/large"), random_bytes(300'000, 2));

    const PushOutcome outcome = push_spoilt(
        ends.endpoint(), Ends::options(), "a marker that is spoilt", ends.list(), ends.dir / "src");

    if (one_is_asked_for) {
        CHECK(outcome.failures.empty());
    } else {
        // All DONEs were said ahead: this session cannot repeat anything.
        REQUIRE(outcome.failures.size() == 1);
        CHECK(outcome.failures[0].path == "d/file");
        CHECK(outcome.failures[0].vanished);
        CHECK_FALSE(::access(ends.destination("d/file").c_str(), F_OK) == 0);
        CHECK(ends.push(ends.list()).failures.empty());
    }
    CHECK(ends.differences() == Lines{});
}

TEST_CASE("a daemon that has said all and gone need not hear that we are there", "[wire][unasked]")
{
    const Ends ends;
    make_dirs(ends.source("d"));
    ends.bring_in_step();
    std::size_t unheard = 0;
    for (int i = 0; i < 20; ++i) {
        write_file(ends.source("d/file" + std::to_string(i)), "content");
        const PushOutcome outcome =
            push_unheard(ends.endpoint(), Ends::options(), ends.list(), ends.dir / "src", unheard);
        REQUIRE(outcome.failures.empty());
    }
    CHECK(unheard > 0);
    CHECK(ends.differences() == Lines{});
}

// That nothing is repeated shows that all DONEs were said ahead.
TEST_CASE("with extended attributes too all is said ahead where no file has any", "[wire][unasked]")
{
    const bool ahead = GENERATE(true, false);
    const Ends ends;
    make_dirs(ends.source("d"));
    ends.bring_in_step();
    write_file(ends.source("d/file"), "a marker that is spoilt once");
    make_symlink("file", ends.source("d/link"));
    make_dirs(ends.source("d/new"));
    PushOptions options = Ends::options();
    options.xattrs = true;
    PushList list = ends.list();
    list.reports_unanswered = ahead;

    const PushOutcome outcome =
        push_spoilt(ends.endpoint(), options, "a marker that is spoilt", list, ends.dir / "src");

    CHECK(outcome.failures.size() == (ahead ? 1U : 0U));
    CHECK(ends.push(ends.list()).failures.empty());
    CHECK(ends.differences() == Lines{});
}

TEST_CASE("a directory whose attributes wait for an answer that is not given is told",
          "[wire][unasked]")
{
    const Ends ends;
    make_dirs(ends.source("d/e"));
    ends.bring_in_step();
    set_xattr(ends.destination("d"), "user.old", "of before");
    const auto has_old = [&] {
        return ::lgetxattr(ends.destination("d").c_str(), "user.old", nullptr, 0) > 0;
    };
    write_file(ends.source("d/file"), "content");
    PushOptions options = Ends::options();
    options.xattrs = true;
    PushList list = ends.list();
    list.reports_unanswered = true;

    const PushOutcome outcome =
        wire_test::push(ends.endpoint(), options, list, ends.dir / "src").outcome;
    REQUIRE(outcome.failures.size() == 1);
    CHECK(outcome.failures[0].path == "d");
    CHECK(outcome.failures[0].vanished);
    CHECK(has_old());

    list.reports_unanswered = false;
    CHECK(
        wire_test::push(ends.endpoint(), options, list, ends.dir / "src").outcome.failures.empty());
    CHECK_FALSE(has_old());
    CHECK(read_file(ends.destination("d/file")) == "content");
    CHECK(ends.differences() == Lines{});
}

TEST_CASE("what is no file any more when its content should go is reported", "[wire][unasked]")
{
    const std::string what = GENERATE("removed", "a symlink", "a directory", "a fifo");
    INFO(what);
    const Ends ends;
    write_file(ends.source("d/other"), "o");
    ends.bring_in_step();
    write_file(ends.source("d/file"), "content");
    write_file(ends.source("secret"), "not for anybody");
    const PushList list = ends.list();
    remove_tree(ends.source("d/file"));
    if (what == "a symlink") make_symlink("../secret", ends.source("d/file"));
    if (what == "a directory") make_dirs(ends.source("d/file"));
    if (what == "a fifo") make_fifo(ends.source("d/file"));

    const PushOutcome outcome = ends.push(list);

    REQUIRE(outcome.failures.size() == 1);
    CHECK(outcome.failures[0].path == "d/file");
    CHECK(outcome.failures[0].vanished);
    CHECK_FALSE(::access(ends.destination("d/file").c_str(), F_OK) == 0);
    CHECK(read_file(ends.destination("secret")) == "not for anybody");
}

TEST_CASE("a file that is replaced after it was listed arrives whole, old or new",
          "[wire][unasked]")
{
    const Ends ends;
    write_file(ends.source("d/file"), "as listed");
    ends.bring_in_step();
    const PushList list = ends.list();
    write_file(ends.source("d/next"), "what took its place, and is longer");
    REQUIRE(::rename(ends.source("d/next").c_str(), ends.source("d/file").c_str()) == 0);

    CHECK(ends.push(list).failures.empty());
    CHECK(read_file(ends.destination("d/file")) == "what took its place, and is longer");
}

TEST_CASE("fifty thousand entries with content unasked and the smallest buffers do not lock up",
          "[wire][unasked][slow]")
{
    DaemonOptions narrow;
    narrow.lines = {"socket options = SO_SNDBUF=2048,SO_RCVBUF=2048"};  // the kernel's least
    const Ends ends(std::move(narrow));
    for (int i = 0; i < 50'000; ++i)
        write_file(ends.source("d" + std::to_string(i % 50) + "/f" + std::to_string(i)),
                   std::string(static_cast<std::size_t>(i % 200), 'x'));
    for (int i = 0; i < 50; ++i) make_dirs(ends.destination("d" + std::to_string(i)));

    const PushOutcome outcome = ends.push(ends.list());

    CHECK(outcome.failures.empty());
    CHECK(ends.differences() == Lines{});
}
