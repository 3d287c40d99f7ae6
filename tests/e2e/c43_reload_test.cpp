#include "tests/support/agent.h"
#include "tests/support/real_daemon.h"
#include "tests/support/tree_equal.h"

#include <catch2/catch.hpp>

#include <string>

namespace lockstep::testing {

namespace {

// One daemon for all: mapping NAME goes from src/NAME to module NAME.
struct World {
    TempDir dir;
    RealDaemon daemon;

    World() : dir(), daemon(modules(dir)) {}

    static std::vector<Module> modules(const TempDir& dir)
    {
        std::vector<Module> all;
        for (const std::string name : {"first", "second", "third"}) {
            make_dirs(dir / ("dst/" + name));
            write_file(dir / ("src/" + name + "/data"), random_bytes(500'000, name.size()));
            write_file(dir / ("src/" + name + "/notes.txt"), "a note");
            all.push_back({.name = name, .path = dir / ("dst/" + name)});
        }
        return all;
    }

    AgentMapping mapping(const std::string& name, std::vector<std::string> lines = {}) const
    {
        return config_of(name, dir / ("src/" + name), {daemon.url(name)}, lines).mappings[0];
    }

    Lines differences(const std::string& name) const
    {
        return tree_differences(dir / ("src/" + name), dir / ("dst/" + name));
    }
};

}  // namespace

TEST_CASE("a reload of a file with mistakes tells them all and disturbs nothing", "[e2e][C43]")
{
    World world;
    AgentConfig config;
    config.mappings = {world.mapping("first"), world.mapping("second")};
    Agent agent(config);
    REQUIRE(agent.flush() == 0);
    const boost::json::object before = agent.destination("first");

    AgentConfig mistaken = config;
    mistaken.mappings[0].lines = {"exclud: [\"*.txt\"]"};
    mistaken.mappings[1].lines = {"poll_interval: soon"};
    agent.write_config(mistaken);
    write_file(world.dir / "src/first/traffic", "on its way");

    CHECK(agent.command({"reload"}) == 2);
    const std::string said = agent.last_output().out + agent.last_output().err;
    CHECK_THAT(said, Catch::Matches("[\\s\\S]*:[0-9]+:[0-9]+: [^\\n]*exclud[\\s\\S]*"));
    CHECK_THAT(said, Catch::Contains("exclude"));  // the key that was meant
    CHECK_THAT(said, Catch::Matches("[\\s\\S]*:[0-9]+:[0-9]+: [^\\n]*poll_interval[\\s\\S]*"));

    CHECK(agent.flush() == 0);
    CHECK(world.differences("first") == Lines{});
    const boost::json::object after = agent.destination("first");
    CHECK(after.at("files_sent").to_number<int>() > before.at("files_sent").to_number<int>());
    CHECK(agent.mapping("first").at("state").as_string() == "live");
}

TEST_CASE("a reload starts what is new, keeps what is the same, and sends no content again",
          "[e2e][C43]")
{
    World world;
    AgentConfig config;
    config.mappings = {world.mapping("first"), world.mapping("second")};
    Agent agent(config);
    REQUIRE(agent.flush() == 0);
    const boost::json::object first = agent.destination("first");
    const pid_t pid = agent.pid();

    AgentConfig next;
    next.mappings = {world.mapping("first"), world.mapping("second", {"exclude: [\"*.txt\"]"}),
                     world.mapping("third")};
    agent.write_config(next);
    REQUIRE(agent.command({"reload"}) == 0);
    REQUIRE(agent.flush() == 0);

    CHECK(agent.pid() == pid);
    CHECK(world.differences("first") == Lines{});
    CHECK(world.differences("third") == Lines{});
    const boost::json::object kept = agent.destination("first");
    CHECK(kept.at("sessions") == first.at("sessions"));
    CHECK(kept.at("bytes_sent") == first.at("bytes_sent"));
    CHECK(kept.at("in_step_at") == first.at("in_step_at"));

    // The exclude counts from now on, and what lies there was not sent again.
    CHECK(agent.destination("second").at("literal_bytes").to_number<int>() < 100'000);
    write_file(world.dir / "src/second/notes.txt", "changed");
    write_file(world.dir / "src/second/more.txt", "excluded");
    write_file(world.dir / "src/second/more", "sent");
    REQUIRE(agent.flush() == 0);
    CHECK(read_file(world.dir / "dst/second/notes.txt") == "a note");
    CHECK_FALSE(exists(world.dir / "dst/second/more.txt"));
    CHECK(read_file(world.dir / "dst/second/more") == "sent");

    // A mapping that is no longer named ends, and its destination stays as it is.
    AgentConfig fewer;
    fewer.mappings = {world.mapping("first")};
    agent.write_config(fewer);
    REQUIRE(agent.command({"reload"}) == 0);
    CHECK(agent.status().at("mappings").as_array().size() == 1);
    write_file(world.dir / "src/third/late", "not sent");
    write_file(world.dir / "src/first/late", "sent");
    REQUIRE(agent.flush() == 0);
    CHECK(world.differences("first") == Lines{});
    CHECK_FALSE(exists(world.dir / "dst/third/late"));
}

}  // namespace lockstep::testing
