// Files that take long: what a lost connection has brought is not lost, and a changed byte is
// cheap.
#include "tests/e2e/live_mirror.h"
#include "tests/support/proxy.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <string>

using namespace lockstep::testing;
using std::chrono::seconds;

namespace {

constexpr std::size_t mebi = std::size_t{1024} * 1024;
constexpr const char* kept_in = ".~lockstep.partial";

// An agent before a daemon whose line can be cut.
struct Cuttable {
    TempDir dir;
    RealDaemon daemon{{{.name = "m", .path = made(dir / "dst")}}};
    Proxy line{daemon.port()};
    Agent agent{config()};

    static std::string made(const std::string& path)
    {
        make_dirs(path);
        return path;
    }
    AgentConfig config() const
    {
        make_dirs(dir / "src/below");
        AgentConfig config = config_of("web", dir / "src",
                                       {"rsync://127.0.0.1:" + std::to_string(line.port()) + "/m"});
        config.mappings[0].destinations[0].lines = {"retry: { initial: 200ms, max: 500ms }"};
        return config;
    }
    Lines differences() const { return tree_differences(dir / "src", dir / "dst"); }
};

void write_at(const std::string& path, off_t at, std::string_view bytes)
{
    const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    REQUIRE(::pwrite(fd, bytes.data(), bytes.size(), at) == static_cast<ssize_t>(bytes.size()));
    ::close(fd);
}

}  // namespace

TEST_CASE("a large new file goes on where the connection was cut", "[e2e][large]")
{
    Cuttable mirror;
    REQUIRE(mirror.agent.flush() == 0);
    constexpr std::size_t size = 128 * mebi;
    const std::string kept = mirror.dir / "dst/below/" + kept_in;
    mirror.line.set({.cut_after_up = size / 10 * 9});
    const std::uint64_t before = mirror.line.counters().bytes_up;

    write_file(mirror.dir / "src/below/large [*]", random_bytes(size, 1));
    // Whatever the retry waits: a receiver that is slow to put by what it has is not what is
    // looked at here.
    REQUIRE(
        until([&] { return mirror.line.counters().bytes_up - before > size / 2; }, seconds(20)));
    mirror.line.close_listener();
    REQUIRE(until([&] { return exists(kept + "/large [*]"); }, seconds(20)));
    mirror.line.open_listener();

    REQUIRE(mirror.agent.flush(seconds(60)) == 0);
    REQUIRE(mirror.differences() == Lines{});
    CHECK(mirror.line.counters().bytes_up - before < size / 100 * 105);
    CHECK_FALSE(exists(kept));
}

TEST_CASE("what is kept of a large file waits for the next try, and no longer", "[e2e][large]")
{
    Cuttable mirror;
    REQUIRE(mirror.agent.flush() == 0);
    constexpr std::size_t size = 80 * mebi;
    const std::string kept = mirror.dir / "dst/below/.~lockstep.partial";
    mirror.line.set({.cut_after_up = size / 2});
    write_file(mirror.dir / "src/below/large", random_bytes(size, 1));
    REQUIRE(until([&] { return exists(kept); }, seconds(20)));

    // The directory is compared meanwhile, with deletions.
    write_file(mirror.dir / "src/below/small", "small");
    mirror.line.set({});
    REQUIRE(mirror.agent.flush(seconds(60)) == 0);
    REQUIRE(mirror.differences() == Lines{});
    CHECK_FALSE(exists(kept));
}

TEST_CASE("a large file that is another by the next try is sent as it is then", "[e2e][large]")
{
    Cuttable mirror;
    REQUIRE(mirror.agent.flush() == 0);
    constexpr std::size_t size = 80 * mebi;
    const std::string content = random_bytes(size, 1);
    mirror.line.set({.cut_after_up = size / 4 * 3});
    write_file(mirror.dir / "src/below/large", content);
    REQUIRE(
        until([&] { return exists(mirror.dir / "dst/below/.~lockstep.partial"); }, seconds(20)));

    // What is kept is needed behind the place where it is, and is written over by then.
    replace_file(mirror.dir / "src/below/large", random_bytes(mebi, 2) + content);
    mirror.line.set({});

    REQUIRE(mirror.agent.flush(seconds(60)) == 0);
    REQUIRE(mirror.differences() == Lines{});
    CHECK_FALSE(exists(mirror.dir / "dst/below/.~lockstep.partial"));
}

TEST_CASE("a byte changed here and there in a large file costs a small block each", "[e2e][large]")
{
    LiveMirror mirror({.before = [](const std::string& source) {
        write_file(source + "/large", random_bytes(100 * mebi, 1));
    }});
    REQUIRE(mirror.agent.flush(seconds(60)) == 0);
    const std::uint64_t before = mirror.sent("literal_bytes");

    for (off_t i = 0; i < 50; ++i) write_at(mirror.source("large"), i * 2 * mebi + 5000, "x");

    REQUIRE(mirror.flushed_differences() == Lines{});
    CHECK(mirror.sent("literal_bytes") - before <= 50 * 4096);
}

TEST_CASE("a daemon that refuses what large files are eased by gets them as others", "[e2e][large]")
{
    TempDir dir;
    RealDaemon daemon({{.name = "m",
                        .path = Cuttable::made(dir / "dst"),
                        .lines = {"refuse options = block-size partial-dir"}}});
    make_dirs(dir / "src");
    Agent agent(config_of("web", dir / "src", {daemon.url("m")}));
    REQUIRE(agent.flush() == 0);

    write_file(dir / "src/large", random_bytes(80 * mebi, 1));
    REQUIRE(agent.flush(seconds(60)) == 0);
    REQUIRE(tree_differences(dir / "src", dir / "dst") == Lines{});
    write_at(dir / "src/large", 5, "x");
    remove_file(dir / "src/large");
    REQUIRE(agent.flush(seconds(60)) == 0);
    REQUIRE(tree_differences(dir / "src", dir / "dst") == Lines{});
}
