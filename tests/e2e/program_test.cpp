// ssh:// and file:// as their users meet them.
#include "tests/support/agent.h"
#include "tests/support/biting_names.h"
#include "tests/support/ssh_server.h"
#include "tests/support/tree_equal.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <optional>

namespace lockstep::testing {

using std::chrono::seconds;

namespace {

// A source, and a destination that is reached by a program.
struct Mirror {
    TempDir dir;
    std::optional<SshServer> server;

    explicit Mirror(bool through_ssh)
    {
        write_file(dir / "src/before/f", random_bytes(400'000, 1));
        make_dirs(dir / "dst");
        if (through_ssh) server.emplace();
    }

    std::string url() const
    {
        return server ? ssh_url(*server, dir / "dst") : "file://" + dir / "dst";
    }

    AgentConfig config(const std::vector<std::string>& lines = {}) const
    {
        AgentConfig config = config_of("web", dir / "src", {url()});
        config.mappings[0].destinations[0].lines = lines;
        return config;
    }

    AgentOptions options() const
    {
        AgentOptions options;
        if (server) options.env = {"PATH=" + server->path() + ":" + std::getenv("PATH")};
        return options;
    }

    Lines differences() const { return tree_differences(dir / "src", dir / "dst"); }
};

bool are_all_gone(const std::vector<pid_t>& processes)
{
    return std::ranges::none_of(processes, runs);
}

std::string last_message(const Agent& agent)
{
    return std::string(
        agent.destination("web").at("last_error").as_object().at("message").as_string());
}

std::string last_kind(const Agent& agent)
{
    return std::string(
        agent.destination("web").at("last_error").as_object().at("kind").as_string());
}

}  // namespace

TEST_CASE("changes arrive through a program, by sessions that are warm, and nothing is left of it",
          "[e2e][program]")
{
    const bool through_ssh = GENERATE(false, true);
    Mirror mirror(through_ssh);
    Agent agent(mirror.config(), mirror.options());
    REQUIRE(agent.flush() == 0);
    REQUIRE(until([&] { return !descendants(agent.pid()).empty(); }, seconds(20)));

    for (int i = 0; i < 10; ++i) {
        write_file(mirror.dir / ("src/" + std::to_string(i) + "/f"), "content");
        append_file(mirror.dir / "src/before/f", "more");
        REQUIRE(agent.flush() == 0);
    }
    const auto bytes = agent.destination("web").at("bytes_sent").to_number<std::uint64_t>();
    rename_path(mirror.dir / "src/before", mirror.dir / "src/after");
    remove_tree(mirror.dir / "src/2");
    REQUIRE(agent.flush() == 0);

    CHECK(mirror.differences() == Lines{});
    const boost::json::object told = agent.destination("web");
    CHECK(told.at("url").as_string() == mirror.url());
    CHECK(told.at("errors").to_number<int>() == 0);
    CHECK(told.at("protocol").to_number<int>() >= 31);
    CHECK(told.at("bytes_sent").to_number<std::uint64_t>() - bytes < 100'000);
    CHECK(agent.offline_command({"check", "--connect"}) == 0);
    CHECK_THAT(agent.last_output().out, Catch::Contains(mirror.url() + ": fine"));

    REQUIRE(agent.command({"resync", "web"}) == 0);
    CHECK(agent.flush() == 0);
    REQUIRE(until([&] { return !descendants(agent.pid()).empty(); }, seconds(20)));
    const std::vector<pid_t> programs = descendants(agent.pid());
    REQUIRE(agent.stop() == 0);
    CHECK(are_all_gone(programs));
    if (through_ssh) CHECK(until([&] { return mirror.server->sessions().empty(); }, seconds(10)));
}

TEST_CASE("an agent that is killed leaves no program behind", "[e2e][program]")
{
    const bool through_ssh = GENERATE(false, true);
    Mirror mirror(through_ssh);
    Agent agent(mirror.config({"warm_sessions: 3"}), mirror.options());
    REQUIRE(agent.flush() == 0);
    REQUIRE(until([&] { return descendants(agent.pid()).size() >= 3; }, seconds(20)));
    const std::vector<pid_t> programs = descendants(agent.pid());

    agent.kill9();

    CHECK(until([&] { return are_all_gone(programs); }, seconds(10)));
    if (through_ssh) CHECK(until([&] { return mirror.server->sessions().empty(); }, seconds(10)));
}

TEST_CASE("a session that waits longer than its timeout is kept alive", "[e2e][program]")
{
    Mirror mirror(false);
    Agent agent(mirror.config({"timeout: 1s"}));
    REQUIRE(agent.flush() == 0);
    REQUIRE(until([&] { return descendants(agent.pid()).size() == 1; }, seconds(20)));
    const std::vector<pid_t> waiting = descendants(agent.pid());
    const auto begun = std::chrono::steady_clock::now();
    REQUIRE(
        until([&] { return std::chrono::steady_clock::now() - begun > seconds(4); }, seconds(20)));

    CHECK(descendants(agent.pid()) == waiting);
    write_file(mirror.dir / "src/late", "late");
    CHECK(agent.flush() == 0);
    CHECK(agent.destination("web").at("errors").to_number<int>() == 0);
    CHECK(mirror.differences() == Lines{});
}

TEST_CASE("a file named like arguments is renamed through a shell that never sees it",
          "[e2e][program][C15]")
{
    Mirror mirror(true);
    write_file(mirror.dir / "src/bystander", "stays");
    Agent agent(mirror.config(), mirror.options());
    const auto in_step = [&] {
        REQUIRE(agent.flush() == 0);
        REQUIRE(mirror.differences() == Lines{});
        CHECK(read_file(mirror.dir / "dst/bystander") == "stays");
    };
    in_step();

    write_file(mirror.dir / "src/' -t tmp'", "options");
    in_step();
    rename_path(mirror.dir / "src/' -t tmp'", mirror.dir / "src/ -t tmp");
    in_step();
    write_file(mirror.dir / "src/; rm -rf .", "commands");
    rename_path(mirror.dir / "src/; rm -rf .", mirror.dir / "src/ ");
    in_step();
    for (const std::string& name : biting_names()) write_file(mirror.dir / ("src/d/" + name), name);
    in_step();
    for (const std::string& name : biting_names()) remove_file(mirror.dir / ("src/d/" + name));
    in_step();
    CHECK(names_in(mirror.dir.path()) == Lines{"dst", "src"});
}

TEST_CASE("programs that are killed cost a retry, and are not left as zombies", "[e2e][program]")
{
    const bool through_ssh = GENERATE(false, true);
    Mirror mirror(through_ssh);
    Agent agent(mirror.config({"retry: { initial: 50ms, max: 200ms }"}), mirror.options());
    REQUIRE(agent.flush() == 0);

    std::vector<pid_t> killed;
    for (int i = 0; i < 6; ++i) {
        write_file(mirror.dir / ("src/large" + std::to_string(i)), random_bytes(3'000'000, 7));
        if (i % 2 == 0)  // in the middle, else what is parked
            until([&] { return exists(mirror.dir / ("dst/large" + std::to_string(i))); },
                  std::chrono::milliseconds(30));
        std::vector<pid_t> some =
            through_ssh ? mirror.server->sessions() : descendants(agent.pid());
        for (const pid_t pid : some) ::kill(pid, SIGKILL);
        killed.insert(killed.end(), some.begin(), some.end());
        REQUIRE(agent.flush() == 0);
    }
    CHECK_FALSE(killed.empty());
    // Nor as zombies.
    CHECK(until(
        [&] {
            const std::vector<pid_t> left = descendants(agent.pid());
            return std::ranges::none_of(
                killed, [&](pid_t pid) { return std::ranges::find(left, pid) != left.end(); });
        },
        std::chrono::seconds(10)));
    CHECK(agent.flush() == 0);
    CHECK(mirror.differences() == Lines{});
}

TEST_CASE("a host that is away is waited for, and a key that is not known stops", "[e2e][program]")
{
    Mirror mirror(true);
    // Were a refusal retried as an outage is, it would be every 20 ms.
    const AgentConfig config = mirror.config({"retry: { initial: 20ms, max: 1h }"});
    SECTION("away")
    {
        mirror.server->stop();
        Agent agent(config, mirror.options());
        REQUIRE(agent.wait_state("web", 0, "waiting"));
        CHECK(last_kind(agent) == "unreachable");
        CHECK_THAT(last_message(agent), Catch::Contains("Connection refused"));
        mirror.server->start();
        REQUIRE(agent.command({"resume", "web"}) == 0);
        REQUIRE(agent.flush() == 0);
        CHECK(mirror.differences() == Lines{});
    }
    SECTION("unknown")
    {
        mirror.server->use_unknown_key();
        Agent agent(config, mirror.options());
        REQUIRE(agent.wait_state("web", 0, "stopped"));
        CHECK(last_kind(agent) == "auth");
        CHECK_THAT(last_message(agent), Catch::Contains("Permission denied (publickey)"));
        const std::string advice(
            agent.destination("web").at("last_error").as_object().at("advice").as_string());
        CHECK_THAT(advice, Catch::Contains("known_hosts"));
        CHECK(names_in(mirror.dir / "dst").empty());

        mirror.server->use_known_key();
        REQUIRE(agent.command({"resume", "web"}) == 0);
        REQUIRE(agent.wait_state("web", 0, "in_step"));
        CHECK(mirror.differences() == Lines{});
    }
}

TEST_CASE("an rsync that is not installed stops the destination by name", "[e2e][program]")
{
    Mirror mirror(false);
    AgentOptions options;
    options.env = {"PATH=" + mirror.dir.path()};
    Agent agent(mirror.config(), options);

    REQUIRE(agent.wait_state("web", 0, "stopped"));
    CHECK(last_kind(agent) == "local");
    CHECK_THAT(last_message(agent), Catch::Contains("start 'rsync': No such file"));
}

TEST_CASE("one full synchronisation goes through programs side by side", "[e2e][program]")
{
    const bool through_ssh = GENERATE(false, true);
    Mirror mirror(through_ssh);
    for (int i = 0; i < 300; ++i)
        write_file(mirror.dir / ("src/" + std::to_string(i % 20) + "/" + std::to_string(i)),
                   random_bytes(2000, 3));
    write_file(mirror.dir / "dst/extra/f", "to be deleted");
    AgentConfig config = mirror.config({"connections: 4", "bandwidth_limit: 20MiB"});
    AgentOptions options = mirror.options();
    options.start = false;
    Agent agent(config, options);

    CHECK(agent.offline_command({"sync"}) == 0);

    CHECK(mirror.differences() == Lines{});
}

TEST_CASE("a destination inside its source is refused, however it is reached", "[e2e][program]")
{
    const TempDir dir;
    make_dirs(dir / "src/inside");
    make_symlink(dir / "src", dir / "alias");
    AgentOptions options;
    options.wait_until_up = false;
    const std::string below = GENERATE("src/inside", "alias/inside", "");
    const std::string path = below.empty() ? dir.path() : dir / below;
    Agent agent(config_of("web", dir / "src", {"file://" + path}), options);

    CHECK(agent.wait_exit(seconds(20)).value_or(0) != 0);
    CHECK_THAT(agent.log_text(), Catch::Contains("inside") || Catch::Contains("holds"));
}

}  // namespace lockstep::testing
