#include "tests/support/agent.h"
#include "tests/support/mount.h"
#include "tests/support/real_daemon.h"
#include "tests/support/tree_equal.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <string>

using namespace lockstep::testing;
using Catch::Matchers::Contains;
using std::chrono::seconds;

namespace {

// A source, and a module on a disk of its own. The test fills them before the agent starts.
struct SmallDisk {
    explicit SmallDisk(std::uint64_t bytes)
        : disk(Mount::tmpfs(made(dir / "dst"), bytes)),
          daemon({{.name = "m", .path = made(dir / "dst/m")}})
    {
        make_dirs(dir / "src");
    }

    std::string source(const std::string& below) const { return dir / ("src/" + below); }
    std::string dest(const std::string& below) const { return dir / ("dst/m/" + below); }

    AgentConfig config(const std::vector<std::string>& destination_lines = {}) const
    {
        AgentConfig config = config_of("web", dir / "src", {daemon.url("m")});
        config.mappings[0].destinations[0].lines = destination_lines;
        return config;
    }

    // With room for everything.
    void check_the_rest_arrives(Agent& agent)
    {
        disk.resize(std::uint64_t{64} << 20);
        REQUIRE(until([&] { return agent.flush() == 0; }, seconds(30)));
        CHECK(tree_differences(dir / "src", dir / "dst/m") == Lines{});
    }

    static std::string made(const std::string& path)
    {
        make_dirs(path);
        return path;
    }

    TempDir dir;
    Mount disk;
    RealDaemon daemon;
};

}  // namespace

TEST_CASE("a full destination is said to be, and gets the rest once it has room", "[e2e][C30]")
{
    if (!may_mount()) return;
    SmallDisk ends(std::uint64_t{8} << 20);
    Agent agent(ends.config({"retry: { initial: 100ms, max: 1s }"}));
    REQUIRE(agent.flush() == 0);  // a compare that sees what is made now would send it twice
    replace_file(ends.source("first"), random_bytes(6'000'000, 1));
    REQUIRE(agent.flush() == 0);

    replace_file(ends.source("second"), random_bytes(6'000'000, 2));
    write_file(ends.source("small"), "goes in");
    REQUIRE(agent.wait_state("web", 0, "waiting"));
    CHECK(agent.flush(seconds(5)) == 1);
    CHECK(read_file(ends.dest("small")) == "goes in");
    const boost::json::object row = agent.destination("web");
    const boost::json::object error = row.at("last_error").as_object();
    CHECK(error.at("kind").as_string() == "no_space");
    CHECK_THAT(std::string(error.at("message").as_string()),
               Contains("second") && Contains("No space left"));
    CHECK(error.at("paths").as_array().at(0).as_string() == "second");
    // Between two attempts nothing that was begun eats what room there is.
    CHECK(until([&] { return names_in(ends.dest("")) == Lines{"first", "small"}; }, seconds(10)));

    ends.check_the_rest_arrives(agent);
}

TEST_CASE("a file that has no room under its new name either holds up no others", "[e2e][C30]")
{
    if (!may_mount()) return;
    SmallDisk ends(std::uint64_t{4} << 20);
    Agent agent(ends.config({"retry: { initial: 60s, max: 60s }"}));
    write_file(ends.source("before"), random_bytes(6'000'000, 1));
    REQUIRE(agent.wait_state("web", 0, "waiting"));
    rename_path(ends.source("before"), ends.source("after"));
    write_file(ends.source("small"), "goes in");
    REQUIRE(until([&] { return names_in(ends.dest("")) == Lines{"small"}; }, seconds(10)));
    REQUIRE(agent.wait_state("web", 0, "waiting"));
    CHECK(agent.destination("web").at("sessions").as_int64() <= 5);
}

TEST_CASE("a compare goes on without the file that has no room", "[e2e][C30]")
{
    if (!may_mount()) return;
    SmallDisk ends(std::uint64_t{4} << 20);
    write_file(ends.source("d/large"), random_bytes(6'000'000, 1));
    write_file(ends.source("d/small"), "goes in");
    write_file(ends.dest("d/extra"), "goes away");
    Agent agent(ends.config({"retry: { initial: 60s, max: 60s }"}));
    REQUIRE(until([&] { return names_in(ends.dest("d")) == Lines{"small"}; }, seconds(10)));
    REQUIRE(agent.wait_state("web", 0, "waiting"));
    CHECK(agent.destination("web").at("pending").as_int64() == 1);

    write_file(ends.dest("d/extra"), "goes away");
    CHECK(agent.command({"resync", "web"}) == 1);
    CHECK(names_in(ends.dest("d")) == Lines{"small"});
    CHECK(agent.destination("web").at("last_error").at("kind").as_string() == "no_space");

    ends.check_the_rest_arrives(agent);
}

TEST_CASE("what is tried again follows no symlink that took a moved name", "[e2e][C30][moves]")
{
    if (!may_mount()) return;
    SmallDisk ends(std::uint64_t{4} << 20);
    make_dirs(ends.source("other"));
    write_file(ends.source("d/file"), "moves");
    Agent agent(ends.config());
    REQUIRE(agent.flush() == 0);

    ends.daemon.stop();
    rename_path(ends.source("d"), ends.source("e"));
    make_symlink("other", ends.source("d"));
    write_file(ends.source("no-room"), random_bytes(6'000'000, 1));
    REQUIRE(agent.wait_state("web", 0, "waiting"));
    ends.daemon.start();
    REQUIRE(
        until([&] { return agent.destination("web").at("last_error").at("kind") == "no_space"; },
              seconds(30)));
    REQUIRE(
        until([&] { return agent.destination("web").at("pending").as_int64() == 1; }, seconds(30)));
    CHECK(names_in(ends.dest("other")) == Lines{});
    CHECK(read_file(ends.dest("e/file")) == "moves");

    ends.check_the_rest_arrives(agent);
}
