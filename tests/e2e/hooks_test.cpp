#include "tests/support/agent.h"
#include "tests/support/real_daemon.h"
#include "tests/support/tree_equal.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <unistd.h>

#include <algorithm>

using namespace lockstep::testing;
using Catch::Matchers::Contains;
using std::chrono::seconds;

namespace {

// Mapping "web" with hooks "in_step" and "trouble" of these scripts, run as `sh SCRIPT
// DIR/NAME.out`.
struct Hooked {
    TempDir dir;
    RealDaemon daemon;
    Agent agent;

    explicit Hooked(const std::string& in_step, const std::string& trouble = "exit 0")
        : daemon({{.name = "m", .path = prepared(dir, in_step, trouble)}}), agent(config())
    {
    }

    static std::string prepared(const TempDir& dir, const std::string& in_step,
                                const std::string& trouble)
    {
        write_file(dir / "src/first", "there before the start");
        make_dirs(dir / "dst");
        write_file(dir / "in_step", in_step);
        write_file(dir / "trouble", trouble);
        return dir / "dst";
    }

    AgentConfig config() const
    {
        AgentConfig config = config_of(
            "web", dir / "src", {daemon.url("m")},
            {"hooks: {in_step: [/bin/sh, " + yaml_quoted(dir / "in_step") + ", " +
             yaml_quoted(out("in_step")) + "], trouble: [/bin/sh, " + yaml_quoted(dir / "trouble") +
             ", " + yaml_quoted(out("trouble")) + "], trouble_after: 200ms}"});
        config.mappings[0].destinations[0].lines = {"retry: { initial: 50ms, max: 200ms }"};
        return config;
    }

    std::string out(const std::string& hook) const { return dir / (hook + ".out"); }
    std::string said(const std::string& hook) const
    {
        return ::access(out(hook).c_str(), F_OK) == 0 ? read_file(out(hook)) : std::string();
    }
    bool says(const std::string& hook, const std::string& text) const
    {
        return until([&] { return said(hook).find(text) != std::string::npos; }, seconds(20));
    }
    std::size_t lines(const std::string& hook) const
    {
        const std::string text = said(hook);
        return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    }
    Lines flushed_differences()
    {
        REQUIRE(agent.flush() == 0);
        return tree_differences(dir / "src", dir / "dst");
    }
};

}  // namespace

TEST_CASE("in_step runs after a change has arrived and hears which", "[e2e][hooks]")
{
    Hooked web("[ -e \"${1%/*}/dst/changed\" ] && { env; cat; } >>\"$1\"");
    REQUIRE(web.flushed_differences() == Lines{});

    write_file(web.dir / "src/changed", "content");

    REQUIRE(web.says("in_step", "\"changed\""));
    CHECK_THAT(web.said("in_step"), Contains("LOCKSTEP_MAPPING=web\n"));
    CHECK_THAT(web.said("in_step"), Contains("LOCKSTEP_DESTINATION=" + web.daemon.url("m")));
    CHECK_THAT(web.said("in_step"), Contains("LOCKSTEP_HOOK=in_step\n"));
}

TEST_CASE("trouble runs once for an outage, says why, and again for the next", "[e2e][hooks]")
{
    Hooked web("exit 0",
               "env >>\"$1.env\"; echo \"$LOCKSTEP_STATE $LOCKSTEP_ERROR_KIND\" >>\"$1\"");
    REQUIRE(web.flushed_differences() == Lines{});
    REQUIRE(web.said("trouble").empty());

    for (std::size_t outage = 1; outage <= 2; ++outage) {
        web.daemon.stop();
        write_file(web.dir / "src/changed", std::to_string(outage));
        REQUIRE(web.says("trouble", "waiting unreachable\n"));
        REQUIRE(until([&] { return web.lines("trouble") == outage; }, seconds(20)));
        const auto retries = [&] {
            return web.agent.destination("web").at("retries").to_number<std::uint64_t>();
        };
        const std::uint64_t before = retries();
        REQUIRE(until([&] { return retries() > before + 3; }, seconds(20)));
        CHECK(web.lines("trouble") == outage);
        web.daemon.start();
        REQUIRE(web.flushed_differences() == Lines{});
        REQUIRE(web.agent.wait_state("web", 0, "in_step"));
    }
    CHECK_THAT(read_file(web.out("trouble") + ".env"), Contains("LOCKSTEP_ERROR="));
}

TEST_CASE("a hook that hangs holds up neither the sending nor the stop", "[e2e][hooks]")
{
    Hooked web("echo $$ >>\"$1\"; exec sleep 600");
    REQUIRE(web.says("in_step", "\n"));

    write_file(web.dir / "src/changed", "content");
    CHECK(web.flushed_differences() == Lines{});
    CHECK(web.lines("in_step") == 1);
    CHECK(web.agent.stop() == 0);

    const std::string process = "/proc/" + std::to_string(std::stoi(web.said("in_step")));
    CHECK(::access(process.c_str(), F_OK) != 0);
}

TEST_CASE("what a hook that fails has printed is in the log", "[e2e][hooks]")
{
    Hooked web("echo 'no such cache'; exit 7");
    REQUIRE(until(
        [&] {
            const std::string log = web.agent.log_text();
            return log.find("ended with 7") != std::string::npos &&
                   log.find("no such cache") != std::string::npos;
        },
        seconds(20)));
    CHECK(web.flushed_differences() == Lines{});
}

TEST_CASE("a hook that is not there stops nothing, and check names it", "[e2e][hooks]")
{
    const TempDir dir;
    write_file(dir / "src/f", "content");
    make_dirs(dir / "dst");
    RealDaemon daemon({{.name = "m", .path = dir / "dst"}});
    Agent agent(config_of("web", dir / "src", {daemon.url("m")},
                          {"hooks: {in_step: [" + yaml_quoted(dir / "none") + "]}"}));

    REQUIRE(agent.flush() == 0);
    CHECK(tree_differences(dir / "src", dir / "dst") == Lines{});
    CHECK(until([&] { return agent.log_text().find("cannot be started") != std::string::npos; },
                seconds(20)));
    CHECK(agent.offline_command({"check"}) == 1);
    CHECK_THAT(agent.last_output().out, Contains("hooks.in_step") && Contains("No such file"));
}

TEST_CASE("a storm of changes leads to few runs, the last of them after the last change",
          "[e2e][hooks]")
{
    Hooked web("cat >>\"$1\"");
    REQUIRE(web.flushed_differences() == Lines{});
    const auto begun = std::chrono::steady_clock::now();
    const auto sessions = [&] {
        return web.agent.destination("web").at("sessions").to_number<std::uint64_t>();
    };

    for (int i = 0; i < 30; ++i) {
        write_file(web.dir / ("src/" + std::to_string(i)), "content");
        REQUIRE(web.agent.flush() == 0);
    }
    write_file(web.dir / "src/last", "content");

    REQUIRE(web.says("in_step", "\"last\""));
    const auto whole_seconds =
        std::chrono::duration_cast<seconds>(std::chrono::steady_clock::now() - begun).count();
    CHECK(sessions() > 20);
    CHECK(web.lines("in_step") <= static_cast<std::size_t>(whole_seconds) + 3);
}
