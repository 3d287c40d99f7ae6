// Two destinations, one of them dead: promise 5.
#include "tests/support/agent.h"
#include "tests/support/real_daemon.h"
#include "tests/support/temp_tree.h"
#include "tests/support/tree_equal.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <csignal>

using namespace lockstep::testing;
using Catch::Matchers::Contains;
using std::chrono::seconds;

namespace {

struct Two {
    TempDir dir;
    RealDaemon live;
    RealDaemon dead;
    Agent agent;

    Two()
        : live({{.name = "live", .path = prepared(dir)}}),
          dead({{.name = "dead", .path = dir / "dead"}}, {.start = false}),
          agent(config())
    {
    }

    static std::string prepared(const TempDir& dir)
    {
        write_file(dir / "src/first", "there before the start");
        make_dirs(dir / "live");
        make_dirs(dir / "dead");
        return dir / "live";
    }

    AgentConfig config() const
    {
        AgentConfig config = config_of("web", dir / "src", {live.url("live"), dead.url("dead")});
        for (AgentDestination& destination : config.mappings[0].destinations)
            destination.lines = {"retry: { initial: 50ms, max: 500ms }"};
        return config;
    }

    Lines differences(const std::string& which) const
    {
        return tree_differences(dir / "src", dir / which);
    }

    // Without a flush, which would wait for the dead one too.
    bool live_gets_equal() const
    {
        return until([&] { return differences("live").empty(); }, seconds(20));
    }
};

}  // namespace

TEST_CASE("a dead destination delays no other and catches up when it is back",
          "[e2e][dead_destination]")
{
    Two two;
    for (int change = 0; change < 20; ++change) {
        INFO("change " << change);
        write_file(two.dir / ("src/d" + std::to_string(change) + "/f"), std::to_string(change));
        if (change > 3) remove_tree(two.dir / ("src/d" + std::to_string(change - 3)));
        REQUIRE(two.live_gets_equal());
    }
    CHECK(names_in(two.dir / "dead").empty());

    two.dead.start();

    REQUIRE(two.agent.flush() == 0);
    CHECK(two.differences("dead") == Lines{});
    CHECK(two.differences("live") == Lines{});
    CHECK(two.agent.wait_state("web", 1, "in_step"));
}

TEST_CASE("a dead destination is waiting, with the reason and the time of the next try",
          "[e2e][dead_destination]")
{
    Two two;
    REQUIRE(two.agent.wait_state("web", 0, "in_step"));
    REQUIRE(two.agent.wait_state("web", 1, "waiting"));

    // Between two tries there is a moment without a next one.
    boost::json::object row;
    REQUIRE(until(
        [&] {
            row = two.agent.destination("web", 1);
            return row.at("retry_at").is_string();
        },
        seconds(10)));
    const boost::json::object& error = row.at("last_error").as_object();
    CHECK(error.at("kind").as_string() == "unreachable");
    CHECK_THAT(std::string(error.at("message").as_string().c_str()), Contains("refused"));
    CHECK_FALSE(error.at("advice").as_string().empty());
    CHECK(two.agent.destination("web", 0).at("last_error").is_null());
}

TEST_CASE("a flush that a dead destination keeps from ending says which one",
          "[e2e][dead_destination][flush]")
{
    Two two;
    REQUIRE(two.agent.wait_state("web", 0, "in_step"));
    write_file(two.dir / "src/second", "content");

    CHECK(two.agent.flush(std::chrono::milliseconds(700)) == 1);

    CHECK_THAT(two.agent.last_output().err, Contains(two.dead.url("dead")));
    CHECK_THAT(two.agent.last_output().err, !Contains(two.live.url("live")));
    CHECK(two.live_gets_equal());
}

TEST_CASE("a destination that dies while live loses nothing", "[e2e][dead_destination]")
{
    Two two;
    two.dead.start();
    REQUIRE(two.agent.flush() == 0);
    for (int round = 0; round < 3; ++round) {
        INFO("outage " << round);
        two.dead.kill9();
        const std::string d = two.dir / ("src/round" + std::to_string(round));
        for (int i = 0; i < 50; ++i) write_file(d + "/" + std::to_string(i), random_bytes(500, i));
        write_file(two.dir / "src/first", "changed in round " + std::to_string(round));
        REQUIRE(two.live_gets_equal());
        rename_path(d, d + " moved");
        remove_file(d + " moved/7");
        REQUIRE(two.live_gets_equal());

        two.dead.start();
        REQUIRE(two.agent.flush() == 0);
        REQUIRE(two.differences("dead") == Lines{});
    }
}

TEST_CASE("a destination that hangs delays no other", "[e2e][dead_destination]")
{
    Two two;
    two.dead.start();
    REQUIRE(two.agent.flush() == 0);
    // Connections to a stopped process are made by the kernel; nobody ever answers.
    REQUIRE(::kill(two.dead.pid(), SIGSTOP) == 0);
    for (int change = 0; change < 5; ++change) {
        write_file(two.dir / "src/f", std::to_string(change));
        REQUIRE(two.live_gets_equal());
    }
    CHECK(two.agent.destination("web", 1).at("state").as_string() != "in_step");

    REQUIRE(::kill(two.dead.pid(), SIGCONT) == 0);

    REQUIRE(two.agent.flush() == 0);
    CHECK(two.differences("dead") == Lines{});
}
