#include "tests/support/agent.h"
#include "tests/support/proxy.h"
#include "tests/support/real_daemon.h"
#include "tests/support/tree_equal.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <random>
#include <string>
#include <thread>

namespace lockstep::testing {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

AgentConfig quick_to_retry(const std::string& source, const std::string& url)
{
    AgentConfig config = config_of("web", source, {url});
    // A receiver that was forked while the others were killed holds the connection, silently: that
    // only time ends.
    config.mappings[0].destinations[0].lines = {"timeout: 5s",
                                                "retry: { initial: 50ms, max: 500ms }"};
    return config;
}

// A receiver's name for a file that is not complete: ".name.XXXXXX".
bool has_temporary(const std::string& directory)
{
    const std::vector<std::string> names = names_in(directory);
    return std::any_of(names.begin(), names.end(),
                       [](const std::string& name) { return name.starts_with('.'); });
}

}  // namespace

TEST_CASE("daemon processes killed at random moments leave an equal tree in the end", "[e2e][C33]")
{
    const TempDir dir;
    make_dirs(dir / "src");
    make_dirs(dir / "dst");
    RealDaemon daemon({{.name = "m", .path = dir / "dst"}});
    Agent agent(quick_to_retry(dir / "src", daemon.url("m")));
    REQUIRE(agent.flush() == 0);
    std::mt19937 random(Catch::rngSeed());

    for (std::uint64_t round = 0; round < 5; ++round) {
        INFO("round " << round << ", seed " << Catch::rngSeed());
        for (std::uint64_t i = 0; i < 40; ++i)
            write_file(dir / ("src/d" + std::to_string(i % 5) + "/f" + std::to_string(i)),
                       random_bytes(500'000 - i * round, round * 40 + i));
        until([&] { return !daemon.sessions().empty(); }, seconds(2));
        std::this_thread::sleep_for(milliseconds(random() % 300));  // the random moment itself
        daemon.kill_sessions();

        REQUIRE(agent.flush(seconds(60)) == 0);
        REQUIRE(tree_differences(dir / "src", dir / "dst") == Lines{});
    }
}

TEST_CASE("the temporary file of a killed daemon does not stay", "[e2e][C33]")
{
    const TempDir dir;
    make_dirs(dir / "dst");
    write_file(dir / "src/d/other", "in step");
    write_file(dir / "src/d/below/deep", "in step");
    RealDaemon daemon({{.name = "m", .path = dir / "dst"}});
    Line slow;
    Proxy line(daemon.port(), slow);
    Agent agent(quick_to_retry(dir / "src", daemon.url_at(line.port(), "m")));
    REQUIRE(agent.flush() == 0);

    slow.bytes_per_second = 200'000;
    line.set(slow);
    write_file(dir / "src/d/big", random_bytes(4'000'000, 33));
    REQUIRE(until([&] { return has_temporary(dir / "dst/d"); }, seconds(20)));
    Line shut;
    shut.refuse = true;  // nobody cleans up before we have looked
    line.set(shut);
    daemon.kill_sessions();
    REQUIRE(has_temporary(dir / "dst/d"));
    const bool away_for_a_while = GENERATE(false, true);
    if (away_for_a_while) REQUIRE(agent.wait_state("web", 0, "waiting"));
    line.set(Line{});

    REQUIRE(agent.flush() == 0);
    CHECK(tree_differences(dir / "src", dir / "dst") == Lines{});
    CHECK_FALSE(has_temporary(dir / "dst/d"));
}

}  // namespace lockstep::testing
