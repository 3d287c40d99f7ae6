// What the agent keeps ready, and what it takes for granted of a daemon.
#include "tests/support/agent.h"
#include "tests/support/real_daemon.h"
#include "tests/support/tree_equal.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <string>

namespace lockstep::testing {

using std::chrono::seconds;

namespace {

Module module_at(const std::string& path, bool login)
{
    Module module{.name = "m", .path = path};
    if (login) {
        module.user = "u";
        module.password = "p";
    }
    return module;
}

int errors_of(const Agent& agent)
{
    return agent.destination("web").at("errors").to_number<int>();
}

}  // namespace

TEST_CASE("a daemon that asks for a login from now on costs no error", "[e2e][warm]")
{
    const bool warm = GENERATE(true, false);
    const bool login_first = GENERATE(true, false);
    INFO("warm " << warm << ", login first " << login_first);
    const TempDir dir;
    make_dirs(dir / "src");
    make_dirs(dir / "dst");
    write_file(dir / "secret", "p\n");
    set_mode(dir / "secret", 0600);
    RealDaemon daemon({module_at(dir / "dst", login_first)});
    AgentConfig config = config_of("web", dir / "src",
                                   {"rsync://u@127.0.0.1:" + std::to_string(daemon.port()) + "/m"});
    config.mappings[0].destinations[0].lines = {"password_file: " + (dir / "secret"),
                                                warm ? "warm_sessions: 1" : "warm_sessions: 0"};
    Agent agent(config);
    write_file(dir / "src/first", "1");
    REQUIRE(agent.flush() == 0);

    daemon.set_modules({module_at(dir / "dst", !login_first)});
    for (int i = 0; i < 5; ++i) {
        write_file(dir / "src/file", std::to_string(i));
        REQUIRE(agent.flush() == 0);
    }

    CHECK(errors_of(agent) == 0);
    CHECK(tree_differences(dir / "src", dir / "dst") == Lines{});
}

TEST_CASE("a change after the daemon was restarted arrives though a session was parked",
          "[e2e][warm]")
{
    const TempDir dir;
    make_dirs(dir / "src");
    make_dirs(dir / "dst");
    RealDaemon daemon({{.name = "m", .path = dir / "dst"}});
    Agent agent(config_of("web", dir / "src", {daemon.url("m")}));
    REQUIRE(agent.flush() == 0);

    for (int i = 0; i < 5; ++i) {
        write_file(dir / "src/file", std::to_string(i));
        REQUIRE(agent.flush() == 0);
        // The parked one; after a failure there is none for a while.
        REQUIRE(until([&] { return !daemon.sessions().empty(); }, seconds(40)));
        if (i % 2 == 0)
            daemon.kill_sessions();
        else
            daemon.restart();
    }
    write_file(dir / "src/file", "last");

    CHECK(agent.flush() == 0);
    CHECK(errors_of(agent) == 0);
    CHECK(tree_differences(dir / "src", dir / "dst") == Lines{});
}

TEST_CASE("a warm session in the only slot keeps no other mapping waiting", "[e2e][warm]")
{
    const TempDir dir;
    for (const char* name : {"src0", "src1", "dst/zero", "dst/one"}) make_dirs(dir / name);
    RealDaemon daemon({{.name = "m", .path = dir / "dst", .lines = {"max connections = 1"}}});
    AgentConfig config = config_of("zero", dir / "src0", {daemon.url("m", "zero")});
    Agent agent(config);
    REQUIRE(agent.flush() == 0);
    // What is remembered leaves nothing to do at a start but to park one.
    agent.restart();
    REQUIRE(until([&] { return !daemon.sessions().empty(); }, seconds(10)));

    const AgentConfig other = config_of("one", dir / "src1", {daemon.url("m", "one")});
    config.mappings.push_back(other.mappings[0]);
    config.mappings[1].destinations[0].lines = {"warm_sessions: 0",
                                                "retry: { initial: 50ms, max: 500ms }"};
    agent.write_config(config);
    REQUIRE(agent.command({"reload"}) == 0);
    // Nothing is said of how often it is refused; only that it does not stay so.
    for (int i = 0; i < 3; ++i) {
        write_file(dir / "src1/file", std::to_string(i));
        REQUIRE(agent.flush(seconds(20)) == 0);
    }

    CHECK(tree_differences(dir / "src1", dir / "dst/one") == Lines{});
}

}  // namespace lockstep::testing
