#include "tests/e2e/live_mirror.h"
#include "tests/support/mount.h"

#include <catch2/catch.hpp>

#include <optional>
#include <string>

using namespace lockstep::testing;
using Catch::Matchers::Contains;
using std::chrono::seconds;

namespace {

constexpr const char* nowhere = "rsync://127.0.0.1:1/m";

// Must say that `what` lies inside, and not start.
void check_refused(AgentConfig config, const std::string& what)
{
    Agent agent(std::move(config), {.start = false, .wait_until_up = false});
    CHECK(agent.offline_command({"check"}) != 0);
    CHECK_THAT(agent.last_output().out + agent.last_output().err,
               Contains(what) && Contains("exclude"));
    agent.start();
    const std::optional<int> code = agent.wait_exit(seconds(20));
    CHECK(code.has_value());
    CHECK(code != 0);
    CHECK_THAT(agent.log_text(), Contains(what));
}

}  // namespace

TEST_CASE("a log inside the source is refused, also when it is reached by another name",
          "[e2e][C44]")
{
    const TempDir dir;
    make_dirs(dir / "src/logs");
    make_symlink("src/logs", dir / "elsewhere");
    const bool plain = GENERATE(true, false);
    AgentConfig config = config_of("web", dir / "src", {nowhere});
    config.log_lines = {"file: " + dir / (plain ? "src/logs/log" : "elsewhere/log")};
    check_refused(config, "log.file");
}

TEST_CASE("a log in a bind mount of the source is refused", "[e2e][C44]")
{
    if (!may_mount()) return;
    const TempDir dir;
    make_dirs(dir / "src");
    make_dirs(dir / "again");
    const Mount alias = Mount::bind(dir / "src", dir / "again");
    AgentConfig config = config_of("web", dir / "src", {nowhere});
    config.log_lines = {"file: " + dir / "again/new/log"};
    check_refused(config, "log.file");
}

TEST_CASE("our own files wake us no more once they are excluded", "[e2e][C44]")
{
    const TempDir dir;
    make_dirs(dir / "src/logs");
    make_dirs(dir / "dst");
    make_symlink("src/logs", dir / "elsewhere");
    RealDaemon daemon({{.name = "m", .path = dir / "dst"}});
    AgentConfig config = config_of("web", dir / "src", {daemon.url("m")}, {"exclude: [/logs/]"});
    config.log_lines = {"file: " + dir / "elsewhere/log", "level: trace"};
    Agent agent(config);
    write_file(dir / "src/file", "x");
    REQUIRE(agent.flush() == 0);
    const auto sessions = [&] {
        return agent.destination("web").at("sessions").to_number<std::uint64_t>();
    };

    // Each of these is logged.
    const std::uint64_t before = sessions();
    for (int i = 0; i < 20; ++i) REQUIRE(agent.flush() == 0);
    CHECK(sessions() == before);
    CHECK(names_in(dir / "dst") == Lines{"file"});
}
