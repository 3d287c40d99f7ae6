#include "tests/support/agent.h"
#include "tests/support/proxy.h"
#include "tests/support/real_daemon.h"
#include "tests/support/tree_equal.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <string>

using namespace lockstep::testing;
using std::chrono::seconds;

TEST_CASE("a stop amid a long transfer is quick, leaves nothing behind and is made up for",
          "[e2e][C45]")
{
    constexpr std::size_t file_bytes = std::size_t{48} << 20;
    const TempDir dir;
    write_file(dir / "src/large", "the old one");
    make_dirs(dir / "dst");
    RealDaemon daemon({{.name = "m", .path = dir / "dst"}});
    Proxy line(daemon.port());
    Agent agent(config_of("web", dir / "src", {daemon.url_at(line.port(), "m")}));
    REQUIRE(agent.flush() == 0);

    line.set({.bytes_per_second = std::uint64_t{1} << 20});
    const std::uint64_t before = line.counters().bytes_up;
    write_file(dir / "src/large", random_bytes(file_bytes, 1));
    REQUIRE(until([&] { return line.counters().bytes_up > before + (1 << 20); }, seconds(30)));

    CHECK(agent.stop(seconds(5)) == 0);
    CHECK(until([&] { return line.counters().open == 0; }, seconds(10)));
    CHECK(until([&] { return daemon.sessions().empty(); }, seconds(10)));
    CHECK(names_in(dir / "dst") == Lines{"large"});
    CHECK(read_file(dir / "dst/large") == "the old one");

    line.set({});
    agent.start();
    REQUIRE(agent.flush() == 0);
    CHECK(tree_differences(dir / "src", dir / "dst") == Lines{});
}
