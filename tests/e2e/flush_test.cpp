// What a flush waits for with several destinations.
#include "tests/support/agent.h"
#include "tests/support/proxy.h"
#include "tests/support/real_daemon.h"
#include "tests/support/tree_equal.h"

#include <catch2/catch.hpp>

#include <string>

using namespace lockstep::testing;

TEST_CASE("a flush waits for what a destination is sent because another has acknowledged it",
          "[e2e][flush]")
{
    constexpr int files = 300;
    const TempDir dir;
    for (int i = 0; i < files; ++i) write_file(dir / ("src/f" + std::to_string(i)), "content");
    for (const char* name : {"slow", "fast"}) make_dirs(dir / name);
    RealDaemon daemon(
        {{.name = "slow", .path = dir / "slow"}, {.name = "fast", .path = dir / "fast"}});
    Proxy proxy(daemon.port());
    Agent agent(
        config_of("web", dir / "src", {daemon.url_at(proxy.port(), "slow"), daemon.url("fast")}));
    REQUIRE(agent.flush() == 0);

    // The fast one has acknowledged the new states while the slow one is still being told.
    proxy.set({.delay_up = std::chrono::milliseconds(150)});
    for (int i = 0; i < files; ++i) set_mode(dir / ("src/f" + std::to_string(i)), 0600);
    REQUIRE(agent.flush() == 0);

    CHECK(agent.destination("web", 0).at("pending").as_int64() == 0);
    CHECK(tree_differences(dir / "src", dir / "slow") == Lines{});
}
