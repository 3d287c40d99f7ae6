// The commands that speak to a running agent, and their exit codes.
#include "tests/e2e/live_mirror.h"
#include "tests/support/until.h"

#include <boost/json/parse.hpp>
#include <boost/json/value_to.hpp>
#include <catch2/catch.hpp>

using namespace lockstep::testing;
using Catch::Matchers::Contains;
using std::chrono::seconds;

TEST_CASE("status ends with 0 in step, 3 when something is degraded, 1 without a daemon",
          "[e2e][status]")
{
    LiveMirror mirror;
    REQUIRE(mirror.flushed_differences() == Lines{});
    CHECK(mirror.agent.command({"status"}) == 0);
    CHECK_THAT(mirror.agent.last_output().out, Contains("web") && Contains("in_step"));

    mirror.daemon.stop();
    write_file(mirror.source("f"), "content");
    REQUIRE(mirror.agent.wait_state("web", 0, "waiting"));
    CHECK(mirror.agent.command({"status"}) == 3);
    CHECK_THAT(mirror.agent.last_output().out, Contains("waiting") && Contains("refused"));
    CHECK(mirror.agent.http("GET", "/healthz").status == 503);

    mirror.daemon.start();
    REQUIRE(mirror.flushed_differences() == Lines{});
    CHECK(mirror.agent.command({"status", "web"}) == 0);
    CHECK(mirror.agent.http("GET", "/healthz").status == 200);
    CHECK(mirror.agent.command({"status", "no-such-mapping"}) == 1);

    mirror.agent.kill9();
    CHECK(mirror.agent.command({"status"}) == 1);
    CHECK_THAT(mirror.agent.last_output().err, Contains(mirror.agent.socket_path()));
}

TEST_CASE("status --json is what the socket says", "[e2e][status]")
{
    LiveMirror mirror;
    write_file(mirror.source("a/b/f"), "content");
    REQUIRE(mirror.flushed_differences() == Lines{});

    REQUIRE(mirror.agent.command({"status", "--json"}) == 0);

    const boost::json::object told = boost::json::parse(mirror.agent.last_output().out).as_object();
    CHECK(boost::json::value_to<pid_t>(told.at("pid")) == mirror.agent.pid());
    CHECK(told.at("state").as_string() == "running");
    const boost::json::object& mapping = told.at("mappings").as_array().at(0).as_object();
    CHECK(mapping.at("name").as_string() == "web");
    CHECK(mapping.at("source").as_string() == mirror.source().c_str());
    CHECK(mapping.at("state").as_string() == "live");
    CHECK(boost::json::value_to<int>(mapping.at("directories")) == 3);
    const boost::json::object& row = mapping.at("destinations").as_array().at(0).as_object();
    CHECK(row.at("url").as_string() == mirror.daemon.url("m").c_str());
    CHECK(row.at("state").as_string() == "in_step");
    CHECK(boost::json::value_to<int>(row.at("pending")) == 0);
    CHECK(boost::json::value_to<int>(row.at("protocol")) >= 30);
    CHECK(row.at("in_step_at").is_string());
    CHECK(row.at("last_error").is_null());
    CHECK(told == mirror.agent.status());
}

TEST_CASE("commands for a mapping that does not exist end with 1 and name it", "[e2e][commands]")
{
    LiveMirror mirror;
    for (const char* command : {"flush", "pause", "resume", "resync"}) {
        INFO(command);
        CHECK(mirror.agent.command({command, "nope"}) == 1);
        CHECK_THAT(mirror.agent.last_output().err, Contains("nope"));
    }
}

TEST_CASE("a paused mapping sends nothing and collects everything", "[e2e][pause]")
{
    LiveMirror mirror;
    write_file(mirror.source("old"), "old");
    REQUIRE(mirror.flushed_differences() == Lines{});

    REQUIRE(mirror.agent.command({"pause", "web"}) == 0);
    CHECK(mirror.agent.wait_mapping_state("web", "paused"));
    write_file(mirror.source("d/f"), "content");
    remove_file(mirror.source("old"));
    CHECK(until([&] { return mirror.sent("pending") >= 2; }, seconds(10)));
    CHECK(mirror.agent.flush(seconds(5)) == 1);
    CHECK_THAT(mirror.agent.last_output().err, Contains("paused"));
    CHECK(names_in(mirror.dest()) == std::vector<std::string>{"old"});

    REQUIRE(mirror.agent.command({"resume", "web"}) == 0);
    CHECK(mirror.flushed_differences() == Lines{});
    CHECK(mirror.agent.wait_mapping_state("web", "live"));
}

TEST_CASE("resync finds and undoes what others did to the destination", "[e2e][resync]")
{
    LiveMirror mirror;
    write_file(mirror.source("d/f"), "content");
    write_file(mirror.source("d/g"), "content");
    REQUIRE(mirror.flushed_differences() == Lines{});
    write_file(mirror.dest("alien/deep"), "alien");
    remove_file(mirror.dest("d/f"));
    set_mode(mirror.dest("d/g"), 0600);
    make_symlink("/etc", mirror.dest("d/link"));

    REQUIRE(mirror.agent.command({"resync", "web"}) == 0);

    CHECK(mirror.differences() == Lines{});
}

TEST_CASE("reload takes up a changed mapping, and nothing from a file with mistakes",
          "[e2e][reload]")
{
    LiveMirror mirror;
    write_file(mirror.source("f"), "content");
    REQUIRE(mirror.flushed_differences() == Lines{});
    const std::string before = read_file(mirror.agent.config_path());

    mirror.agent.write_raw_config(before + "nonsense: yes\n");
    CHECK(mirror.agent.command({"reload"}) == 2);
    CHECK_THAT(mirror.agent.last_output().err, Contains("nonsense"));
    write_file(mirror.source("g"), "content");
    CHECK(mirror.flushed_differences() == Lines{});

    mirror.agent.write_raw_config(before + "    exclude: [\"*.tmp\"]\n");
    REQUIRE(mirror.agent.command({"reload"}) == 0);
    write_file(mirror.source("h.tmp"), "content");
    write_file(mirror.source("h"), "content");
    REQUIRE(mirror.agent.flush() == 0);
    CHECK(names_in(mirror.dest()) == std::vector<std::string>{"f", "g", "h"});
}
