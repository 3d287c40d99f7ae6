// Sessions that say everything ahead of the daemon's answers (PROTOCOL.md 24.2).
#include "push_fixture.h"
#include "tests/support/proxy.h"
#include "tests/support/real_daemon.h"
#include "tests/support/scripted_server.h"
#include "tests/support/temp_tree.h"
#include "tests/support/tree_equal.h"
#include "transport/expected.h"

#include <catch2/catch.hpp>

using namespace lockstep;
using namespace lockstep::testing;
using namespace lockstep::transport;
using namespace lockstep::wire_test;
using namespace std::chrono_literals;

namespace {

struct Ends {
    TempDir dir;
    RealDaemon daemon;

    explicit Ends(bool login, std::vector<std::string> daemon_lines = {})
        : daemon({{.name = "m",
                   .path = made(dir / "dst"),
                   .user = login ? "u" : "",
                   .password = login ? "p" : ""}},
                 {.lines = std::move(daemon_lines)})
    {
        write_file(dir / "src/deep/file", random_bytes(300'000, 1));
        write_file(dir / "src/small", "small");
    }

    Endpoint endpoint() const { return endpoint_of(daemon, 20s); }

    Pushed push(const std::optional<Expected>& expected, int protocol = 32) const
    {
        Endpoint where = endpoint();
        where.protocol_max = protocol;
        PushOptions options;
        options.ignore_times = true;
        options.delete_missing = true;
        return wire_test::push(where, options, list_of(dir / "src"), dir / "src", expected);
    }

    Lines differences() const { return tree_differences(dir / "src", dir / "dst"); }
};

}  // namespace

TEST_CASE("what one session learnt lets the next one say everything ahead", "[wire][pipelined]")
{
    const bool login = GENERATE(false, true);
    const int protocol = GENERATE(30, 31, 32);
    INFO("login " << login << ", protocol " << protocol);
    const Ends ends(login);
    const Pushed first = ends.push(std::nullopt, protocol);
    REQUIRE(first.expected);
    REQUIRE(first.expected->login == login);

    // A delta too: its block sums need the seed, which is not known when the list goes.
    write_file(ends.dir / "src/deep/file", random_bytes(299'000, 1) + "another end");
    const Pushed second = ends.push(first.expected, protocol);

    CHECK(second.outcome.failures.empty());
    CHECK(second.outcome.figures.matched_bytes > 200'000);
    CHECK(second.expected == first.expected);
    CHECK(read_file(ends.dir / "dst/deep/file") == read_file(ends.dir / "src/deep/file"));
    if (protocol >= 31) CHECK(ends.differences() == Lines{});  // before, times are whole seconds
}

TEST_CASE("a daemon that is not what it was ends the session and nothing else", "[wire][pipelined]")
{
    const bool login = GENERATE(false, true);
    const Ends ends(login);
    Expected expected = *ends.push(std::nullopt).expected;
    const std::string changed = GENERATE("features", "no negotiation", "checksum", "names");
    INFO(changed << ", login " << login);
    if (changed == "features") expected.compat.id0_names = !expected.compat.id0_names;
    if (changed == "no negotiation") {
        expected.compat.varint = false;
        expected.checksum = "md5";
    }
    if (changed == "checksum") expected.checksum = "md5";
    if (changed == "names") expected.checksum = "xxh64";
    write_file(ends.dir / "src/deep/file", random_bytes(300'000, 2));
    const Lines before = ends.differences();

    CHECK_THROWS_WITH(ends.push(expected), Catch::Contains("the daemon has changed"));

    CHECK(ends.differences() == before);
    CHECK(ends.push(std::nullopt).outcome.failures.empty());
    CHECK(ends.differences() == Lines{});
}

TEST_CASE("a login that was not expected ends the session", "[wire][pipelined]")
{
    const Ends ends(true);
    Expected expected = *ends.push(std::nullopt).expected;
    expected.login = false;

    CHECK_THROWS_WITH(ends.push(expected), Catch::Contains("asks for a login now"));
}

TEST_CASE("a login that is not asked for any more is no trouble", "[wire][pipelined]")
{
    const Ends ends(false);
    Expected expected = *ends.push(std::nullopt).expected;
    expected.login = true;
    write_file(ends.dir / "src/small", "changed");

    const Pushed pushed = ends.push(expected);

    CHECK(pushed.outcome.failures.empty());
    CHECK_FALSE(pushed.expected->login);
    CHECK(ends.differences() == Lines{});
}

TEST_CASE("a greeting that changed is noticed before the login", "[wire][pipelined]")
{
    const Ends ends(true);
    Expected expected = *ends.push(std::nullopt).expected;
    // Some name more or fewer than it will say; the releases before 3.2.7 say none.
    if (expected.greeting.digests.empty())
        expected.greeting.digests.emplace_back("md5");
    else
        expected.greeting.digests.pop_back();
    write_file(ends.dir / "src/small", "changed");

    CHECK(ends.push(expected).outcome.failures.empty());
    CHECK(ends.differences() == Lines{});
}

TEST_CASE("without a login the list is there before the daemon has said a word",
          "[wire][pipelined]")
{
    const Ends ends(false);
    const std::optional<Expected> expected = ends.push(std::nullopt).expected;
    bool heard_list = false;
    {
        const ScriptedServer silent([&](int socket) {
            std::string heard;
            while (heard.find("a-name-of-the-list") == std::string::npos) {
                char chunk[4096];
                const ssize_t got = ::recv(socket, chunk, sizeof chunk, 0);
                if (got <= 0) return;
                heard.append(chunk, static_cast<std::size_t>(got));
            }
            heard_list = heard.find("--server") < heard.find("a-name-of-the-list");
        });
        write_file(ends.dir / "src/a-name-of-the-list", "content");
        Endpoint endpoint = ends.endpoint();
        endpoint.port = silent.port();

        CHECK_THROWS(
            wire_test::push(endpoint, {}, list_of(ends.dir / "src"), ends.dir / "src", expected));
    }
    CHECK(heard_list);
}

// A daemon that waits for acknowledgements, behind something that is slow to give any: 40 ms each
// time, and here until the login takes too long.
TEST_CASE("what the daemon says step by step is not held up for want of a word from us",
          "[wire][pipelined]")
{
    const TempDir beside;
    write_file(beside / "motd", "welcome\n");
    const Ends ends(false, {"motd file = " + (beside / "motd")});
    const std::optional<Expected> expected = ends.push(std::nullopt).expected;
    write_file(ends.dir / "src/small", "changed");
    const std::string heard = GENERATE("\n", "welcome\n");
    const Proxy line(ends.daemon.port(), {.hold_down_after = heard});
    Endpoint endpoint = ends.endpoint();
    endpoint.port = line.port();
    endpoint.timeout = 300s;  // no sign of life before

    const Pushed pushed =
        wire_test::push(endpoint, {}, list_of(ends.dir / "src"), ends.dir / "src", expected);

    CHECK(pushed.outcome.failures.empty());
    CHECK(ends.differences() == Lines{});
}
