#include "tests/support/agent.h"
#include "tests/support/proxy.h"
#include "tests/support/real_daemon.h"
#include "tests/support/tree_equal.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace lockstep::testing {

using std::chrono::seconds;

namespace {

const std::string right = "kV3-the-right-secret";
const std::string wrong = "pQ8-a-wrong-secret";

// Everything that others can read of a running agent.
std::vector<std::string> what_shows(const Agent& agent)
{
    const std::string proc = "/proc/" + std::to_string(agent.pid());
    return {agent.log_text(),
            agent.http("GET", "/v1/status").body,
            agent.http("GET", "/v1/mappings/web").body,
            agent.http("GET", "/metrics").body,
            agent.http("GET", "/healthz").body,
            agent.http("GET", "/").body,
            read_file(proc + "/cmdline"),
            read_file(proc + "/environ"),
            agent.last_output().out,
            agent.last_output().err};
}

void check_no_secret(const Agent& agent)
{
    for (const std::string& text : what_shows(agent)) {
        CHECK(text.find(right) == std::string::npos);
        CHECK(text.find(wrong) == std::string::npos);
    }
}

}  // namespace

TEST_CASE("a wrong password stops the destination until it is corrected, and shows nowhere",
          "[e2e][C32]")
{
    const std::string command = GENERATE("reload", "resume");
    INFO("cured by " << command);
    const TempDir dir;
    write_file(dir / "src/file", "content");
    make_dirs(dir / "dst");
    RealDaemon daemon({{.name = "m", .path = dir / "dst", .user = "u", .password = right}});
    Proxy line(daemon.port());
    AgentConfig config = config_of("web", dir / "src", {daemon.url_at(line.port(), "m")});
    config.mappings[0].destinations[0].password = wrong;
    // Were it retried as an outage is, it would be every 20 ms.
    config.mappings[0].destinations[0].lines = {"retry: { initial: 20ms, max: 1h }"};
    config.log_lines = {"level: trace"};
    Agent agent(config);

    REQUIRE(agent.wait_state("web", 0, "stopped"));
    const boost::json::object error = agent.destination("web").at("last_error").as_object();
    CHECK(error.at("kind").as_string() == "auth");
    const std::string message(error.at("message").as_string());
    CHECK_THAT(message, Catch::Contains("auth failed on module m"));
    CHECK_THAT(message, Catch::Contains("user 'u'"));
    CHECK(agent.http("GET", "/healthz").status == 503);
    CHECK(agent.command({"status"}) == 3);
    CHECK(agent.flush(seconds(10)) == 1);
    check_no_secret(agent);

    // Changes do not hurry it either.
    int writes = 0;
    const bool busy = until(
        [&] {
            write_file(dir / "src/file", std::to_string(++writes));
            return line.counters().connections > 3;
        },
        seconds(2));
    CHECK_FALSE(busy);
    CHECK(agent.destination("web").at("state").as_string() == "stopped");

    config.mappings[0].destinations[0].password = right;
    agent.write_config(config);
    REQUIRE(agent.command(command == "reload" ? std::vector<std::string>{"reload"}
                                              : std::vector<std::string>{"resume", "web"}) == 0);
    REQUIRE(agent.wait_state("web", 0, "in_step"));
    CHECK(agent.flush() == 0);
    CHECK(tree_differences(dir / "src", dir / "dst") == Lines{});
    CHECK(agent.http("GET", "/healthz").status == 200);
    check_no_secret(agent);
}

TEST_CASE("a password file that is not there stops the destination until it is", "[e2e][C32]")
{
    const TempDir dir;
    write_file(dir / "src/file", "content");
    make_dirs(dir / "dst");
    RealDaemon daemon({{.name = "m", .path = dir / "dst", .user = "u", .password = right}});
    AgentConfig config = config_of("web", dir / "src", {daemon.url("m")});
    config.mappings[0].destinations[0].lines = {"password_file: " + dir / "secret"};
    Agent agent(config);

    REQUIRE(agent.wait_state("web", 0, "stopped"));
    const boost::json::object error = agent.destination("web").at("last_error").as_object();
    CHECK(error.at("kind").as_string() == "auth");
    CHECK_THAT(std::string(error.at("message").as_string()), Catch::Contains(dir / "secret"));

    write_file(dir / "secret", right);
    set_mode(dir / "secret", 0600);
    REQUIRE(agent.command({"resume", "web"}) == 0);
    CHECK(agent.flush() == 0);
    CHECK(agent.stop() == 0);
}

}  // namespace lockstep::testing
