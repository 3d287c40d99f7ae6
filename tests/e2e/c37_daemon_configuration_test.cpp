#include "tests/support/agent.h"
#include "tests/support/real_daemon.h"
#include "tests/support/tree_equal.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <string>

namespace lockstep::testing {

namespace {

// The destination is stopped for that reason, in the daemon's words, and tried again by nobody.
void expect_stopped(const Agent& agent, const std::string& kind, const std::string& words)
{
    REQUIRE(agent.wait_state("web", 0, "stopped"));
    const boost::json::object row = agent.destination("web");
    const boost::json::object error = row.at("last_error").as_object();
    CHECK(error.at("kind").as_string() == kind);
    CHECK_THAT(std::string(error.at("message").as_string()), Catch::Contains(words));
    CHECK_FALSE(error.at("advice").as_string().empty());
    const int sessions = row.at("sessions").to_number<int>();
    CHECK_FALSE(
        until([&] { return agent.destination("web").at("sessions").to_number<int>() > sessions; },
              std::chrono::seconds(1)));
    CHECK(agent.destination("web").at("state").as_string() == "stopped");
}

// As impatient with outages as can be, so that a refusal taken for one is seen.
AgentConfig impatient(const std::string& source, const std::string& url)
{
    AgentConfig config = config_of("web", source, {url});
    config.mappings[0].destinations[0].lines = {"retry: { initial: 20ms, max: 1h }"};
    return config;
}

}  // namespace

TEST_CASE("a module that is read only stops the destination until it is not", "[e2e][C37]")
{
    const TempDir dir;
    write_file(dir / "src/file", "content");
    make_dirs(dir / "dst");
    Module module{.name = "m", .path = dir / "dst", .lines = {"read only = yes"}};
    RealDaemon daemon({module});
    Agent agent(impatient(dir / "src", daemon.url("m")));

    expect_stopped(agent, "read_only", "module is read only");
    CHECK(names_in(dir / "dst").empty());

    module.lines.clear();
    daemon.set_modules({module});
    REQUIRE(agent.command({"resume", "web"}) == 0);
    REQUIRE(agent.wait_state("web", 0, "in_step"));
    CHECK(agent.flush() == 0);
    CHECK(tree_differences(dir / "src", dir / "dst") == Lines{});
}

TEST_CASE("a module that is not there stops the destination", "[e2e][C37]")
{
    const TempDir dir;
    write_file(dir / "src/file", "content");
    make_dirs(dir / "dst");
    RealDaemon daemon({{.name = "module", .path = dir / "dst"}});
    Agent agent(impatient(dir / "src", daemon.url("modul")));

    expect_stopped(agent, "no_module", "Unknown module 'modul'");
}

TEST_CASE("a daemon that refuses deletions stops a destination that needs them", "[e2e][C37]")
{
    const TempDir dir;
    write_file(dir / "src/file", "content");
    make_dirs(dir / "dst");
    RealDaemon daemon({{.name = "m", .path = dir / "dst", .lines = {"refuse options = delete"}}});

    SECTION("delete: true")
    {
        Agent agent(impatient(dir / "src", daemon.url("m")));
        expect_stopped(agent, "refused_option", "--delete");
    }
    SECTION("delete: false needs none")
    {
        AgentConfig config = impatient(dir / "src", daemon.url("m"));
        config.mappings[0].lines = {"delete: false"};
        Agent agent(config);
        REQUIRE(agent.flush() == 0);
        write_file(dir / "src/other", "more");
        remove_file(dir / "src/file");
        REQUIRE(agent.flush() == 0);
        CHECK(names_in(dir / "dst") == std::vector<std::string>{"file", "other"});
    }
}

TEST_CASE("settings of a daemon that take nothing we need change nothing", "[e2e][C37]")
{
    const std::string setting =
        GENERATE("refuse options = compress link-dest", "max verbosity = 0", "write only = yes");
    INFO(setting);
    const TempDir dir;
    write_file(dir / "src/d/file", random_bytes(100'000, 37));
    make_dirs(dir / "dst");
    RealDaemon daemon({{.name = "m", .path = dir / "dst", .lines = {setting}}});
    Agent agent(config_of("web", dir / "src", {daemon.url("m")}));
    REQUIRE(agent.flush() == 0);

    append_file(dir / "src/d/file", "a tail");
    write_file(dir / "src/new", "content");
    REQUIRE(agent.flush() == 0);
    remove_file(dir / "src/new");
    REQUIRE(agent.flush() == 0);

    CHECK(tree_differences(dir / "src", dir / "dst") == Lines{});
    CHECK(agent.destination("web").at("errors").to_number<int>() == 0);
}

TEST_CASE("symlinks that the daemon munges are sent once", "[e2e][C37]")
{
    const TempDir dir;
    make_dirs(dir / "dst");
    write_file(dir / "src/file", "content");
    make_symlink("file", dir / "src/link");
    RealDaemon daemon({{.name = "m", .path = dir / "dst", .lines = {"munge symlinks = yes"}}});
    Agent agent(config_of("web", dir / "src", {daemon.url("m")}));
    REQUIRE(agent.flush() == 0);
    CHECK(link_target(dir / "dst/link") == "/rsyncd-munged/file");

    make_symlink("file", dir / "src/another");
    REQUIRE(agent.flush() == 0);
    CHECK(link_target(dir / "dst/another") == "/rsyncd-munged/file");

    // A full compare finds nothing to do, and in step nothing is sent.
    const timespec made = status_of(dir / "dst/link").st_ctim;
    REQUIRE(agent.command({"resync", "web"}) == 0);
    const timespec now = status_of(dir / "dst/link").st_ctim;
    CHECK((now.tv_sec == made.tv_sec && now.tv_nsec == made.tv_nsec));
    const int sessions = agent.destination("web").at("sessions").to_number<int>();
    CHECK_FALSE(
        until([&] { return agent.destination("web").at("sessions").to_number<int>() > sessions; },
              std::chrono::milliseconds(500)));
    CHECK(agent.destination("web").at("state").as_string() == "in_step");
}

}  // namespace lockstep::testing
