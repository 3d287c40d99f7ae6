#include "tests/support/agent.h"
#include "tests/support/mount.h"
#include "tests/support/real_daemon.h"
#include "tests/support/tree_equal.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <optional>
#include <string>

using namespace lockstep::testing;
using Catch::Matchers::Contains;
using std::chrono::seconds;

TEST_CASE("a source that is unmounted deletes nothing and goes on when it is mounted again",
          "[e2e][C11]")
{
    if (!may_mount()) return;
    const bool restarted = GENERATE(false, true);  // while it is away
    CAPTURE(restarted);
    constexpr std::uint64_t disk_bytes = std::uint64_t{64} << 20;
    const TempDir dir;
    make_dirs(dir / "disk");
    make_dirs(dir / "src");
    make_dirs(dir / "dst");
    const Mount disk = Mount::tmpfs(dir / "disk", disk_bytes);
    for (int i = 0; i < 1000; ++i)
        write_file(dir / ("disk/d" + std::to_string(i % 10) + "/f" + std::to_string(i)), "x");
    std::optional<Mount> mount(Mount::bind(dir / "disk", dir / "src"));
    RealDaemon daemon({{.name = "m", .path = dir / "dst"}});
    Agent agent(config_of("web", dir / "src", {daemon.url("m")}));
    REQUIRE(agent.flush() == 0);
    REQUIRE(tree_differences(dir / "src", dir / "dst") == Lines{});

    mount->unmount();
    if (restarted) agent.restart();
    REQUIRE(agent.wait_mapping_state("web", "source_missing"));
    write_file(dir / "src/stray", "on the disk below");
    CHECK(agent.flush(seconds(3)) == 1);
    CHECK_THAT(agent.last_output().err, Contains("source missing"));
    CHECK(agent.mapping("web").at("state").as_string() == "source_missing");
    CHECK_FALSE(exists(dir / "dst/stray"));
    CHECK(names_in(dir / "dst").size() == 10);
    CHECK(quick_differences(dir / "disk", dir / "dst") == Lines{});

    const auto files_before = agent.destination("web").at("files_sent").to_number<int>();
    mount.reset();
    mount.emplace(Mount::bind(dir / "disk", dir / "src"));
    write_file(dir / "src/d0/new", "after");
    REQUIRE(until([&] { return agent.flush(seconds(10)) == 0; }, seconds(30)));
    CHECK(tree_differences(dir / "src", dir / "dst") == Lines{});
    CHECK(agent.destination("web").at("files_sent").to_number<int>() <= files_before + 10);
}
