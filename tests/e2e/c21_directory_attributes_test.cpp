#include "tests/support/agent.h"
#include "tests/support/real_daemon.h"
#include "tests/support/tree_equal.h"

#include <catch2/catch.hpp>

namespace lockstep::testing {

TEST_CASE("mode and ACL of the source directory itself arrive", "[e2e][C21]")
{
    const TempDir dir;
    write_file(dir / "src/file", "content");
    make_dirs(dir / "dst");
    RealDaemon daemon({{.name = "m", .path = dir / "dst"}});
    Agent agent(config_of("web", dir / "src", {daemon.url("m")}));
    REQUIRE(agent.flush() == 0);

    set_mode(dir / "src", 0750);
    REQUIRE(run({"setfacl", "-m", "u:1234:rwx", dir / "src"}).exit_code == 0);
    REQUIRE(run({"setfacl", "-d", "-m", "g:4321:rx", dir / "src"}).exit_code == 0);

    REQUIRE(agent.flush() == 0);
    CHECK(tree_differences(dir / "src", dir / "dst") == Lines{});
    CHECK((status_of(dir / "dst").st_mode & 0777) == (status_of(dir / "src").st_mode & 0777));
}

TEST_CASE("a directory's mtime arrives and survives later sends into it", "[e2e][C21]")
{
    const TempDir dir;
    write_file(dir / "src/d/stays", "content");
    write_file(dir / "src/d/goes", "content");
    make_dirs(dir / "dst");
    RealDaemon daemon({{.name = "m", .path = dir / "dst"}});
    Agent agent(config_of("web", dir / "src", {daemon.url("m")}));
    REQUIRE(agent.flush() == 0);

    remove_file(dir / "src/d/goes");
    set_mtime(dir / "src/d", {915'148'800, 987'654'321});  // 1999
    REQUIRE(agent.flush() == 0);
    CHECK(tree_differences(dir / "src", dir / "dst") == Lines{});
    CHECK(mtime_of(dir / "dst/d").tv_sec == 915'148'800);
    CHECK(mtime_of(dir / "dst/d").tv_nsec == 987'654'321);

    // Written in place: nothing in the source's directory changes, a temporary file comes and goes
    // in the other.
    append_file(dir / "src/d/stays", " and more");
    REQUIRE(agent.flush() == 0);
    CHECK(tree_differences(dir / "src", dir / "dst") == Lines{});
    CHECK(mtime_of(dir / "dst/d").tv_sec == 915'148'800);
}

}  // namespace lockstep::testing
