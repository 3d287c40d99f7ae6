#include "tests/support/agent.h"

#include <catch2/catch.hpp>

#include <unistd.h>

#include <algorithm>

using namespace lockstep::testing;
using Catch::Matchers::Contains;
using std::chrono::seconds;

TEST_CASE("without an inotify instance left it does not start, and says which limit to raise",
          "[e2e][C09]")
{
    if (::geteuid() != 0) return;  // the limit is set in a user namespace
    const TempDir dir;
    make_dirs(dir / "src");
    Agent agent(config_of("web", dir / "src", {"rsync://127.0.0.1:1/m"}),
                {.under = with_kernel_limit("max_inotify_instances", 0),
                 .start = false,
                 .wait_until_up = false});
    agent.start();

    CHECK(agent.wait_exit(seconds(20)) == 1);
    const std::string log = agent.log_text();
    CHECK_THAT(log, Contains("fs.inotify.max_user_instances") && Contains("sysctl -w"));
    CHECK_THAT(log, !Contains("open files"));  // the errno that sends people to ulimit
    CHECK_FALSE(exists(agent.socket_path()));
}
