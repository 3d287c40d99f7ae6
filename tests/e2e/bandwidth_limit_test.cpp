// A destination that may have so much a second.
#include "tests/support/agent.h"
#include "tests/support/real_daemon.h"
#include "tests/support/temp_tree.h"
#include "tests/support/tree_equal.h"

#include <catch2/catch.hpp>

#include <chrono>
#include <string>

using namespace lockstep::testing;
using Clock = std::chrono::steady_clock;

TEST_CASE("what has a limit arrives no sooner than it allows, over all sessions together",
          "[e2e][limit]")
{
    constexpr std::size_t bytes_per_second = std::size_t{512} * 1024;
    constexpr std::size_t bytes = 2 * bytes_per_second;
    const TempDir dir;
    // Enough directories for several sessions, which may not have the limit each.
    for (int i = 0; i < 8; ++i)
        write_file(dir / ("src/d" + std::to_string(i) + "/f"),
                   random_bytes(bytes / 8, static_cast<std::uint64_t>(i)));
    make_dirs(dir / "dst");
    RealDaemon daemon({{.name = "m", .path = dir / "dst"}});
    AgentConfig config =
        config_of("web", dir / "src", {daemon.url("m")}, {"batch: { max_files: 2 }"});
    config.mappings[0].destinations[0].lines = {"bandwidth_limit: 512KiB", "connections: 4",
                                                "timeout: 2s"};
    const Clock::time_point begun = Clock::now();
    Agent agent(config);

    CHECK(agent.flush() == 0);
    const std::chrono::duration<double> took = Clock::now() - begun;
    CHECK(tree_differences(dir / "src", dir / "dst") == Lines{});
    CHECK(took.count() > 1.85);
    CHECK(agent.destination("web").at("retries").as_int64() == 0);
}
