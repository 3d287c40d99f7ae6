// Receivers that are started for the push: a real rsync on this machine, and one behind a real ssh.
#include "push_fixture.h"
#include "tests/support/biting_names.h"
#include "tests/support/ssh_server.h"
#include "tests/support/tree_equal.h"
#include "tests/support/until.h"
#include "transport/token_bucket.h"

#include <catch2/catch.hpp>

#include <csignal>
#include <optional>
#include <thread>

using namespace lockstep;
using namespace lockstep::testing;
using namespace lockstep::transport;
using namespace lockstep::wire_test;
using namespace std::chrono_literals;

namespace {

struct Failure {
    ErrorKind kind{};
    Remedy remedy{};
    std::string what;
};

struct Ends {
    TempDir dir;
    std::string destination = dir / "dst";

    Endpoint local() const
    {
        Endpoint where;
        where.reach = Reach::local;
        where.path = destination;
        where.timeout = 20s;
        return where;
    }

    Endpoint behind(const SshServer& server) const
    {
        Endpoint where = local();
        where.reach = Reach::ssh;
        where.host = "127.0.0.1";
        where.port = server.port();
        where.ssh = server.client();
        return where;
    }

    // Behind a script in the place of ssh; "$command" is what the far end's shell is to run.
    Endpoint behind(const std::string& script) const
    {
        write_file(dir / "ssh", "#!/bin/sh\nfor command; do :; done\n" + script + "\n");
        set_mode(dir / "ssh", 0755);
        Endpoint where = local();
        where.reach = Reach::ssh;
        where.host = "far";
        where.user = "somebody";
        where.ssh = {dir / "ssh"};
        return where;
    }

    Pushed push(const Endpoint& where, PushOptions options = {}) const
    {
        return wire_test::push(where, options, list_of(dir / "src"), dir / "src");
    }

    Failure failed_push(const Endpoint& where, const PushOptions& options = {}) const
    {
        try {
            push(where, options);
        } catch (const Error& error) {
            return {error.kind(), error.remedy(), error.what()};
        }
        FAIL("it did not fail");
        return {};
    }

    Lines differences() const { return tree_differences(dir / "src", destination); }
};

PushOptions mirroring()
{
    PushOptions options;
    options.delete_extras = true;
    options.hard_links = true;
    return options;
}

// What bites in a name of a directory that the command line names.
constexpr auto biting_directory =
    "it's \"$HOME\" `id` -t tmp; *[x] \\ {a,b} !! ~ #\xe2\x82\xac\xff";

}  // namespace

TEST_CASE("a tree of any names, its deletions and then a delta arrive at a program",
          "[wire][program]")
{
    const bool through_ssh = GENERATE(false, true);
    Ends ends;
    ends.destination = made(ends.dir / biting_directory);
    for (const std::string& name : biting_names()) write_file(ends.dir / ("src/d/" + name), name);
    write_file(ends.dir / "src/' -t tmp'", "options");
    write_file(ends.dir / "src/large", random_bytes(3'000'000, 1));
    make_hard_link(ends.dir / "src/large", ends.dir / "src/large too");
    make_symlink("/etc/passwd", ends.dir / "src/link out");
    write_file(ends.destination + "/-rf/extra", "to be deleted");
    std::optional<SshServer> server;
    if (through_ssh) server.emplace();
    const Endpoint where = through_ssh ? ends.behind(*server) : ends.local();

    const Pushed first = ends.push(where, mirroring());

    CHECK(first.outcome.failures.empty());
    CHECK(first.outcome.unattributed == Lines{});
    CHECK(first.outcome.figures.files_deleted == 2);
    CHECK(first.peer.protocol >= 31);
    CHECK(ends.differences() == Lines{});

    const std::string before = random_bytes(3'000'000, 1);
    write_file(ends.dir / "src/large",
               before.substr(0, 1'000'000) + random_bytes(4'000'000, 2) + before.substr(1'000'000));
    const Pushed second = ends.push(where, mirroring());

    CHECK(second.outcome.failures.empty());
    CHECK(second.outcome.figures.matched_bytes > 2'500'000);
    CHECK(ends.differences() == Lines{});
}

TEST_CASE("a program compresses as it is told", "[wire][program]")
{
    const std::string compressor = GENERATE("zstd", "lz4", "zlibx", "zlib");
    INFO(compressor);
    Ends ends;
    write_file(ends.dir / "src/repeats", std::string(2'000'000, 'x'));
    PushOptions options;
    options.compress = compressor;

    const Pushed pushed = ends.push(ends.local(), options);

    CHECK(pushed.peer.compress == compressor);
    CHECK(pushed.outcome.figures.bytes_sent < 200'000);
    CHECK(ends.differences() == Lines{});
}

TEST_CASE("a program speaks older protocols where it is asked to", "[wire][program]")
{
    const int protocol = GENERATE(27, 28, 29, 30, 31);
    Ends ends;
    write_file(ends.dir / "src/d/f", random_bytes(100'000, 1));
    Endpoint where = ends.local();
    where.protocol_max = protocol;

    const Pushed pushed = ends.push(where);

    CHECK(pushed.peer.protocol == protocol);
    CHECK(pushed.outcome.failures.empty());
    // Nanoseconds came with 31.
    CHECK(tree_differences(ends.dir / "src", ends.destination, {"--modify-window=1"}) == Lines{});
}

TEST_CASE("backups are kept in a directory of any name", "[wire][program]")
{
    Ends ends;
    write_file(ends.dir / "src/f", "new");
    write_file(ends.destination + "/f", "old!");
    SshServer server;
    PushOptions options;
    options.backup_dir = "kept \\ 'here'";
    options.checksum = true;

    ends.push(ends.behind(server), options);

    CHECK(read_file(ends.destination + "/f") == "new");
    CHECK(read_file(ends.destination + "/kept \\ 'here'/f") == "old!");
}

TEST_CASE("one missing directory is made, two are refused by name", "[wire][program]")
{
    Ends ends;
    write_file(ends.dir / "src/f", "content");
    CHECK(ends.push(ends.local()).outcome.failures.empty());
    CHECK(ends.differences() == Lines{});

    ends.destination = ends.dir / "none/dst";
    const Failure failure = ends.failed_push(ends.local());

    CHECK(name_of(failure.kind) == "no_module");
    CHECK(failure.remedy == Remedy::needs_person);
    CHECK_THAT(failure.what, Catch::Contains("rsync says: rsync: [Receiver] mkdir \"" +
                                             ends.destination + "\" failed"));
}

TEST_CASE("what a program cannot write is named, and the rest arrives", "[wire][program]")
{
    const bool through_ssh = GENERATE(false, true);
    Ends ends;
    write_file(ends.dir / "src/a", "content");
    write_file(ends.dir / "src/b", "content");
    make_dirs(ends.destination);
    write_file(ends.destination + "/a", "stays");
    if (!set_immutable(ends.destination + "/a", true)) return;
    std::optional<SshServer> server;
    if (through_ssh) server.emplace();
    const Endpoint where = through_ssh ? ends.behind(*server) : ends.local();

    const Pushed pushed = ends.push(where);
    set_immutable(ends.destination + "/a", false);

    REQUIRE(pushed.outcome.failures.size() == 1);
    CHECK(pushed.outcome.failures.front().path == "a");
    CHECK(name_of(pushed.outcome.failures.front().kind) == "permission");
    CHECK(read_file(ends.destination + "/b") == "content");
}

TEST_CASE("a release that refuses to be asked for its messages is not asked", "[wire][program]")
{
    Ends ends;
    write_file(ends.dir / "src/f", "content");

    const Pushed pushed = ends.push(ends.behind(
        std::string("case $command in *--no-msgs2stderr*) echo 'rsync: --no-msgs2stderr: unknown "
                    "option' >&2; exit 1;; esac; eval \"$command\"")));

    CHECK(pushed.outcome.failures.empty());
    CHECK(ends.differences() == Lines{});
}

TEST_CASE("a key that may run nothing but rrsync is enough", "[wire][program]")
{
    if (!exists("/usr/bin/rrsync")) return;
    Ends ends;
    write_file(ends.dir / "src/f", "content");
    make_dirs(ends.dir / ("allowed/" + std::string(biting_directory)));
    Endpoint where = ends.behind("SSH_ORIGINAL_COMMAND=\"$command\" exec rrsync -wo '" +
                                 ends.dir / "allowed" + "'");
    // Below the directory that is allowed.
    where.path = "/" + std::string(biting_directory) + "/dst";

    const Pushed pushed = ends.push(where, mirroring());

    CHECK(pushed.outcome.failures.empty());
    ends.destination = ends.dir / ("allowed" + where.path);
    CHECK(ends.differences() == Lines{});
}

TEST_CASE("a program that is not there is named", "[wire][program]")
{
    Ends ends;
    write_file(ends.dir / "src/f", "content");
    SECTION("rsync at the other end")
    {
        SshServer server({"PATH=/nowhere"});
        const Failure failure = ends.failed_push(ends.behind(server));
        CHECK(name_of(failure.kind) == "protocol");
        CHECK(failure.remedy == Remedy::needs_person);
        CHECK_THAT(failure.what, Catch::Contains("no rsync can be run there"));
        CHECK_THAT(failure.what, Catch::Contains("exit status 127"));
        CHECK_THAT(failure.what, Catch::Contains("rsync: "));  // the shell's own words
    }
    SECTION("ssh on this machine")
    {
        Endpoint where = ends.behind(std::string("exit 0"));
        where.ssh = {ends.dir / "no such ssh"};
        const Failure failure = ends.failed_push(where);
        CHECK(name_of(failure.kind) == "local");
        CHECK(failure.remedy == Remedy::needs_person);
        CHECK_THAT(failure.what, Catch::Contains("no such ssh': No such file or directory"));
    }
}

TEST_CASE("what ssh says against a login or a host needs a person", "[wire][program]")
{
    Ends ends;
    write_file(ends.dir / "src/f", "content");
    SshServer server;
    const bool wrong_key = GENERATE(true, false);
    if (wrong_key)
        server.use_unknown_key();
    else
        server.expect_another_host_key();

    const Failure failure = ends.failed_push(ends.behind(server));

    CHECK(name_of(failure.kind) == "auth");
    CHECK(failure.remedy == Remedy::needs_person);
    CHECK_THAT(failure.what, Catch::Contains(wrong_key ? "Permission denied (publickey)"
                                                       : "Host key verification failed"));
    CHECK_THAT(failure.what,
               Catch::Contains("ssh 127.0.0.1 port " + std::to_string(server.port())));

    server.use_known_key();
    CHECK(ends.push(ends.behind(server)).outcome.failures.empty());
}

TEST_CASE("a port where nobody listens is another matter than a login", "[wire][program]")
{
    Ends ends;
    write_file(ends.dir / "src/f", "content");
    SshServer server;
    server.stop();

    const Failure failure = ends.failed_push(ends.behind(server));

    CHECK(name_of(failure.kind) == "unreachable");
    CHECK(failure.remedy == Remedy::retry);
    CHECK_THAT(failure.what, Catch::Contains("Connection refused"));
}

TEST_CASE("a connection that breaks in the middle is told as one, and leaves nothing half",
          "[wire][program]")
{
    Ends ends;
    write_file(ends.dir / "src/f", random_bytes(5'000'000, 1));
    make_dirs(ends.destination);
    SshServer server;
    Endpoint where = ends.behind(server);
    where.limit = std::make_shared<TokenBucket>(1'000'000);
    std::thread breaks([&] {
        until([&] { return names_in(ends.destination).size() > 0; }, 10s);
        server.stop();
    });

    const Failure failure = ends.failed_push(where);

    breaks.join();
    CHECK(name_of(failure.kind) == "unreachable");
    CHECK(failure.remedy == Remedy::retry);
    CHECK_THAT(failure.what, Catch::Contains("ssh 127.0.0.1"));
    CHECK_FALSE(exists(ends.destination + "/f"));

    server.start();
    where.limit.reset();
    ends.push(where);
    CHECK(read_file(ends.destination + "/f").size() == 5'000'000);
}

TEST_CASE("sessions may share a connection that ssh keeps", "[wire][program]")
{
    Ends ends;
    SshServer server;
    server.share_connections();
    for (int i = 0; i < 3; ++i) {
        write_file(ends.dir / "src/f", std::string(1000, static_cast<char>('a' + i)));
        const auto begun = std::chrono::steady_clock::now();
        ends.push(ends.behind(server));
        // Who keeps it has our child's standard error still.
        CHECK(std::chrono::steady_clock::now() - begun < 2s * patience);
        CHECK(ends.differences() == Lines{});
    }
    CHECK(server.log_text().find("Accepted publickey") ==
          server.log_text().rfind("Accepted publickey"));
}

TEST_CASE("a killed receiver ends the push at once", "[wire][program]")
{
    Ends ends;
    write_file(ends.dir / "src/f", random_bytes(5'000'000, 1));
    make_dirs(ends.destination);
    Endpoint where = ends.local();
    where.limit = std::make_shared<TokenBucket>(1'000'000);
    std::thread kills([&] {
        until([&] { return names_in(ends.destination).size() > 0; }, 10s);
        for (const pid_t pid : descendants(::getpid())) ::kill(pid, SIGKILL);
    });
    const auto begun = std::chrono::steady_clock::now();

    const Failure failure = ends.failed_push(where);

    kills.join();
    CHECK(std::chrono::steady_clock::now() - begun < 4s * patience);
    CHECK(name_of(failure.kind) == "unreachable");
    CHECK_THAT(failure.what, Catch::Contains("ended by signal 9"));
    CHECK(descendants(::getpid()).empty());
}

// A receiver whose generator was killed waits for us, and would for as long as we wait for it.
TEST_CASE("what a killed program leaves behind does not hold the push up", "[wire][program]")
{
    const Ends ends;
    write_file(ends.dir / "src/file", "content");

    const Failure failure =
        ends.failed_push(ends.behind("(trap '' TERM; exec sleep 600) & kill -KILL $$"));

    CHECK(failure.kind == ErrorKind::unreachable);
    CHECK(failure.remedy == Remedy::retry);
}

TEST_CASE("last words are shown without what a terminal would obey", "[wire][program]")
{
    Ends ends;
    write_file(ends.dir / "src/f", "content");

    const Failure failure = ends.failed_push(ends.behind(std::string(
        "head -c 1000000 /dev/zero | tr '\\0' x >&2; printf '\\033[31mred' >&2; exit 255")));

    CHECK(name_of(failure.kind) == "unreachable");
    CHECK_THAT(failure.what, Catch::Contains("ssh somebody@far"));
    CHECK_THAT(failure.what, Catch::EndsWith("xx\\x1b[31mred"));
    CHECK(failure.what.size() < 1500);
}

TEST_CASE("a login script that prints something is found out", "[wire][program]")
{
    Ends ends;
    write_file(ends.dir / "src/f", "content");

    const Failure failure =
        ends.failed_push(ends.behind(std::string("echo Welcome to far; eval \"$command\"")));

    CHECK(name_of(failure.kind) == "protocol");
    CHECK(failure.remedy == Remedy::needs_person);
    CHECK_THAT(failure.what, Catch::Contains("says 'Welcome to far"));
}

TEST_CASE("a program that says nothing and does not want to end is made to", "[wire][program]")
{
    Ends ends;
    write_file(ends.dir / "src/f", "content");
    Endpoint where = ends.behind("trap '' TERM HUP; echo $$ > '" + ends.dir.path() +
                                 "/pid'; while :; do sleep 0.1; done");
    where.timeout = 300ms;
    const auto begun = std::chrono::steady_clock::now();

    const Failure failure = ends.failed_push(where);

    CHECK(name_of(failure.kind) == "timeout");
    CHECK_THAT(failure.what, Catch::Contains("timed out after 300 ms (ssh somebody@far"));
    CHECK(std::chrono::steady_clock::now() - begun < 6s * patience);
    CHECK_FALSE(runs(std::stoi(read_file(ends.dir / "pid"))));
    CHECK(descendants(::getpid()).empty());
}

TEST_CASE("an option that rsync does not know is refused with its name", "[wire][program]")
{
    Ends ends;
    write_file(ends.dir / "src/f", "content");

    const Failure failure = ends.failed_push(
        ends.behind(std::string("eval \"${command%% . *} --no-such-option . /nowhere\"")));

    CHECK(name_of(failure.kind) == "refused_option");
    CHECK(failure.remedy == Remedy::needs_person);
    CHECK_THAT(failure.what, Catch::Contains("--no-such-option: unknown option"));
}

TEST_CASE("a shell at the other end is given the user, the port and no other choice",
          "[wire][program]")
{
    Ends ends;
    write_file(ends.dir / "src/f", "content");
    Endpoint where =
        ends.behind("printf '%s\\n' \"$@\" > '" + ends.dir.path() + "/argv'; eval \"$command\"");
    where.host = "-oProxyCommand=false";
    where.port = 2222;

    ends.push(where);

    const std::string argv = read_file(ends.dir / "argv");
    CHECK_THAT(argv, Catch::Contains("-oBatchMode=yes\n"));
    CHECK_THAT(argv,
               Catch::Contains("-p2222\n-lsomebody\n--\n-oProxyCommand=false\nrsync --server "));
    CHECK(ends.differences() == Lines{});
}
