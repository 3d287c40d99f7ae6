#include "base/path.h"
#include "tests/support/agent.h"
#include "tests/support/real_daemon.h"
#include "tests/support/tree_equal.h"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

namespace lockstep::testing {

namespace {

// Nobody has the FIFO open for reading.
bool has_no_reader(const std::string& fifo)
{
    const Fd writer(::open(fifo.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
    return writer.get() < 0 && errno == ENXIO;
}

}  // namespace

TEST_CASE("a FIFO and a socket with a long path arrive without being opened", "[e2e][C24]")
{
    const TempDir dir;
    make_dirs(dir / "src");
    make_dirs(dir / "dst");
    RealDaemon daemon({{.name = "m", .path = dir / "dst"}});
    Agent agent(config_of("web", dir / "src", {daemon.url("m")}));
    REQUIRE(agent.flush() == 0);

    std::string deep(100, 'd');
    deep.append("/").append(100, 'e');
    const std::string here = join(dir / "src", deep);
    const std::string there = join(dir / "dst", deep);
    make_fifo(dir / "src/a_fifo", 0640);
    make_dirs(here);
    REQUIRE(::mknod(join(here, "socket").c_str(), S_IFSOCK | 0600, 0) == 0);
    write_file(dir / "src/z_file", "an ordinary file after them");

    CHECK(agent.flush(std::chrono::seconds(10)) == 0);
    CHECK(tree_differences(dir / "src", dir / "dst") == Lines{});
    CHECK(S_ISFIFO(status_of(dir / "dst/a_fifo").st_mode));
    CHECK(S_ISSOCK(status_of(join(there, "socket")).st_mode));
    CHECK(has_no_reader(dir / "src/a_fifo"));
}

}  // namespace lockstep::testing
