#include "tests/e2e/live_mirror.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <string>

using namespace lockstep::testing;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

std::string numbered(const std::string& stem, int number)
{
    return stem + std::to_string(number);
}

// Other bytes of the same size, and the time it had: only the event tells.
void rewrite_unnoticed(const std::string& path, std::string_view content)
{
    const timespec before = mtime_of(path);
    write_file(path, content);
    set_mtime(path, before);
}

}  // namespace

TEST_CASE("an outage with many changes costs little and loses nothing", "[e2e][C29]")
{
    constexpr int rewritten = 1000;
    LiveMirror mirror({.before = [](const std::string& source) {
        for (int i = 0; i < rewritten; ++i) write_file(source + numbered("/old/f", i), "first");
        for (int i = 0; i < 200; ++i) write_file(source + numbered("/gone/f", i), "x");
        for (int i = 0; i < 20; ++i) write_file(source + numbered("/d", i) + "/file", "x");
    }});
    REQUIRE(mirror.flushed_differences() == Lines{});
    const milliseconds cpu_before = cpu_time(mirror.agent.pid());

    mirror.daemon.stop();
    for (int i = 0; i < 3000; ++i) write_file(mirror.source(numbered("new/f", i)), "new");
    for (int i = 0; i < rewritten; ++i) write_file(mirror.source(numbered("old/f", i)), "second");
    for (int i = 0; i < 200; ++i) remove_file(mirror.source(numbered("gone/f", i)));
    for (int i = 0; i < 20; ++i)
        rename_path(mirror.source(numbered("d", i)), mirror.source(numbered("moved", i)));
    REQUIRE(
        until([&] { return mirror.agent.destination("web").at("retries").to_number<int>() >= 5; },
              seconds(30)));
    CHECK(mirror.agent.destination("web").at("state").as_string() == "waiting");
    // A bound for what must not be quadratic, not a measurement.
    CHECK(cpu_time(mirror.agent.pid()) - cpu_before < seconds(10) * patience);
    CHECK(resident_bytes(mirror.agent.pid()) < std::uint64_t{200} << 20 << (patience > 1 ? 2 : 0));

    mirror.daemon.start();
    CHECK(mirror.flushed_differences() == Lines{});
}

TEST_CASE("an outage that outlives the agent twice sends everything once", "[e2e][C29]")
{
    LiveMirror mirror({.mapping_lines = {"batch: { max_files: 200 }"}});
    write_file(mirror.source("d/first"), "x");
    REQUIRE(mirror.flushed_differences() == Lines{});
    mirror.daemon.stop();
    constexpr int files = 2000;
    for (int i = 0; i < files; ++i) {
        write_file(mirror.source(numbered("d/f", i)), "new");
        if (i != files / 3 && i != files / 2) continue;
        REQUIRE(mirror.agent.wait_state("web", 0, "waiting"));
        mirror.agent.restart();
    }
    REQUIRE(mirror.agent.wait_state("web", 0, "waiting"));
    mirror.daemon.start();
    CHECK(mirror.flushed_differences() == Lines{});
    // The first may be too young at the restart to be trusted.
    CHECK(mirror.agent.destination("web").at("files_sent").as_int64() <= files + 1);
}

TEST_CASE("changes beyond what is remembered one by one arrive, whatever size and time say",
          "[e2e][C29]")
{
    LiveMirror mirror(
        {.mapping_lines = {"queue: { max_pending: 20 }"}, .before = [](const std::string& source) {
             for (int i = 0; i < 50; ++i) write_file(source + numbered("/d/f", i), "first");
         }});
    REQUIRE(mirror.flushed_differences() == Lines{});

    mirror.daemon.stop();
    for (int i = 0; i < 50; ++i) rewrite_unnoticed(mirror.source(numbered("d/f", i)), "other");
    REQUIRE(mirror.agent.wait_state("web", 0, "waiting"));
    mirror.daemon.start();

    CHECK(mirror.flushed_differences() == Lines{});
}
