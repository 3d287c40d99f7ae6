// `append_only` and `inplace` as users have them.
#include "tests/e2e/live_mirror.h"
#include "tests/support/proxy.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <string>

using namespace lockstep::testing;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr std::size_t mebi = std::size_t{1024} * 1024;
const std::vector<std::string> logs_only_grow{"append_only: [\"*.log\"]"};

// Bytes that the process has asked the kernel to read, files and lines together.
std::uint64_t bytes_read(pid_t pid)
{
    std::ifstream file("/proc/" + std::to_string(pid) + "/io");
    std::string key;
    std::uint64_t value = 0;
    while (file >> key >> value)
        if (key == "rchar:") return value;
    return 0;
}

struct Figures {
    std::uint64_t sent;
    std::uint64_t literal;
    std::uint64_t matched;
    std::uint64_t read;

    explicit Figures(const LiveMirror& mirror)
        : sent(mirror.sent("bytes_sent")),
          literal(mirror.sent("literal_bytes")),
          matched(mirror.sent("matched_bytes")),
          read(bytes_read(mirror.agent.pid()))
    {
    }
};

ino_t inode_of(const std::string& path)
{
    return status_of(path).st_ino;
}

// copytruncate, as logrotate does it.
void rotate(const std::string& path)
{
    write_file(path + ".1", read_file(path));
    write_file(path, "");
}

}  // namespace

TEST_CASE("of a log that has grown only the tail is read and sent", "[e2e][append]")
{
    LiveMirror mirror({.mapping_lines = logs_only_grow, .before = [](const std::string& source) {
                           write_file(source + "/big.log", random_bytes(200 * mebi, 1));
                       }});
    REQUIRE(mirror.agent.flush(seconds(120)) == 0);
    for (int i = 0; i < 3; ++i) {
        const Figures before(mirror);
        const ino_t inode = inode_of(mirror.dest("big.log"));

        append_file(mirror.source("big.log"), random_bytes(1024, 2));
        REQUIRE(mirror.agent.flush() == 0);

        const Figures after(mirror);
        CHECK(after.sent - before.sent <= 8192);
        CHECK(after.literal - before.literal == 1024);
        CHECK(after.matched == before.matched);
        // The tail, the 4 KiB before it and its own last 4 KiB; what the status was asked for, the
        // daemon's answers and the index come on top.
        CHECK(after.read - before.read < 256 * 1024);
        CHECK(inode_of(mirror.dest("big.log")) == inode);
    }
    CHECK(mirror.flushed_differences() == Lines{});
}

TEST_CASE("a log that did not only grow arrives as it is", "[e2e][append]")
{
    LiveMirror mirror({.mapping_lines = logs_only_grow, .before = [](const std::string& source) {
                           write_file(source + "/a.log", random_bytes(mebi, 1));
                       }});
    REQUIRE(mirror.agent.flush() == 0);
    const std::string log = mirror.source("a.log");
    append_file(log, random_bytes(100, 2));
    REQUIRE(mirror.agent.flush() == 0);

    SECTION("rotated by copytruncate, and longer than it was before it is sent")
    {
        REQUIRE(mirror.agent.command({"pause", "web"}) == 0);
        rotate(log);
        append_file(log, random_bytes(mebi + 50'000, 3));
        REQUIRE(mirror.agent.command({"resume", "web"}) == 0);
    }
    SECTION("rotated by copytruncate")
    {
        rotate(log);
        REQUIRE(mirror.agent.flush() == 0);
        append_file(log, "the first line of the new one");
    }
    SECTION("rotated by rename")
    {
        rename_path(log, log + ".1");
        write_file(log, random_bytes(mebi + 50'000, 3));
    }
    SECTION("written again in place, as long as it was")
    {
        write_file(log, random_bytes(mebi + 100, 3));
    }
    SECTION("truncated")
    {
        REQUIRE(::truncate(log.c_str(), 1000) == 0);
    }
    SECTION("truncated and appended to")
    {
        REQUIRE(::truncate(log.c_str(), 1000) == 0);
        append_file(log, "a line");
    }
    SECTION("the destination has lost it")
    {
        remove_file(mirror.dest("a.log"));
        append_file(log, "a line");
    }
    SECTION("the destination has another part of it")
    {
        append_file(mirror.dest("a.log"), "somebody was here, and wrote more than we are to");
        append_file(log, "a line");
    }
    REQUIRE(mirror.agent.flush() == 0);
    CHECK(mirror.differences() == Lines{});

    // And from then on it may grow.
    const Figures before(mirror);
    append_file(log, std::string(500, 'x'));
    CHECK(mirror.flushed_differences() == Lines{});
    const Figures after(mirror);
    CHECK(after.literal - before.literal == 500);
    CHECK(after.matched == before.matched);
}

TEST_CASE("a log that is written to all the time is sent by its tails", "[e2e][append]")
{
    const std::size_t first = 20 * mebi;
    LiveMirror mirror({.mapping_lines = {logs_only_grow[0], "batch: { max_delay: 50ms }"},
                       .before = [&](const std::string& source) {
                           write_file(source + "/a.log", random_bytes(first, 1));
                       }});
    REQUIRE(mirror.agent.flush() == 0);
    const Figures before(mirror);
    const std::string piece = random_bytes(64 * 1024, 2);
    std::size_t written = 0;

    {
        const lockstep::Fd log(
            ::open(mirror.source("a.log").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
        // Until some of it has been sent while it went on growing.
        const std::uint64_t sends = mirror.sent("files_sent");
        const bool sent = until(
            [&] {
                written += static_cast<std::size_t>(::write(log.get(), piece.data(), piece.size()));
                return mirror.sent("files_sent") >= sends + 5;
            },
            seconds(60));
        REQUIRE(sent);
    }

    CHECK(mirror.flushed_differences() == Lines{});
    const Figures after(mirror);
    CHECK(after.literal - before.literal == written);
    CHECK(after.matched == before.matched);
}

TEST_CASE("a log that is closed once all of it is there is not compared again", "[e2e][append]")
{
    LiveMirror mirror({.mapping_lines = {logs_only_grow[0], "batch: { max_delay: 50ms }",
                                         "open_files: { max_wait: 50ms }"},
                       .before = [](const std::string& source) {
                           write_file(source + "/a.log", random_bytes(mebi, 1));
                       }});
    REQUIRE(mirror.agent.flush() == 0);
    lockstep::Fd log(::open(mirror.source("a.log").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    const std::string line = "a line\n";
    REQUIRE(::write(log.get(), line.data(), line.size()) == static_cast<ssize_t>(line.size()));
    REQUIRE(until([&] { return mirror.differences() == Lines{}; }, seconds(30)));
    REQUIRE(mirror.agent.flush() == 0);
    const Figures before(mirror);

    log = lockstep::Fd();

    CHECK(mirror.flushed_differences() == Lines{});
    const Figures after(mirror);
    CHECK(after.matched == before.matched);
    CHECK(after.literal == before.literal);
}

TEST_CASE("where a way is refused files go the usual one", "[e2e][append][inplace]")
{
    const std::string option = GENERATE("append", "inplace");
    LiveMirror mirror({.mapping_lines = {logs_only_grow[0], "inplace: [\"*.img\"]"},
                       .before = [](const std::string& source) {
                           write_file(source + "/a.log", random_bytes(mebi, 1));
                           write_file(source + "/a.img", random_bytes(mebi, 2));
                       }});
    mirror.daemon.set_modules({{.name = "m", .path = mirror.dest(), .lines = [&] {
                                    std::vector<std::string> lines = faithful();
                                    lines.push_back("refuse options = " + option);
                                    return lines;
                                }()}});
    REQUIRE(mirror.agent.flush() == 0);

    for (int i = 0; i < 2; ++i) {
        append_file(mirror.source("a.log"), "more");
        append_file(mirror.source("a.img"), "more");
        CHECK(mirror.flushed_differences() == Lines{});
    }

    const std::string log = mirror.agent.log_text();
    const std::string said =
        option == "append" ? "nothing is appended there" : "nothing is updated";
    const std::size_t first = log.find(said);
    CHECK(first != std::string::npos);
    CHECK(log.find(said, first + 1) == std::string::npos);
}

TEST_CASE("an image is updated in place, when it changes and when it is found to have",
          "[e2e][inplace]")
{
    LiveMirror mirror(
        {.mapping_lines = {"inplace: [/images/]"}, .before = [](const std::string& source) {
             write_file(source + "/images/a", random_bytes(16 * mebi, 1));
             write_file(source + "/other", "replaced");
         }});
    REQUIRE(mirror.agent.flush() == 0);
    const std::string image = mirror.source("images/a");
    const ino_t inode = inode_of(mirror.dest("images/a"));
    const ino_t other = inode_of(mirror.dest("other"));
    const Figures before(mirror);

    const lockstep::Fd file(::open(image.c_str(), O_WRONLY | O_CLOEXEC));
    REQUIRE(::pwrite(file.get(), "changed", 7, 5 * mebi) == 7);
    write_file(mirror.source("other"), "by another");
    REQUIRE(mirror.agent.flush() == 0);

    CHECK(inode_of(mirror.dest("images/a")) == inode);
    CHECK(inode_of(mirror.dest("other")) != other);
    CHECK(Figures(mirror).literal - before.literal < 200'000);
    CHECK(mirror.differences() == Lines{});

    REQUIRE(mirror.agent.stop() == 0);
    REQUIRE(::pwrite(file.get(), "once more", 9, 7 * mebi) == 9);
    write_file(mirror.dest("images/a"), "somebody was here");
    mirror.agent.start();
    REQUIRE(mirror.agent.command({"resync", "web"}) == 0);
    CHECK(mirror.flushed_differences() == Lines{});
    CHECK(inode_of(mirror.dest("images/a")) == inode);
}

TEST_CASE("after a log has grown a session for the next time is ready", "[e2e][append][warm]")
{
    const TempDir dir;
    make_dirs(dir / "dst");
    write_file(dir / "src/a.log", "first\n");
    RealDaemon daemon({{.name = "m", .path = dir / "dst"}});
    Proxy line(daemon.port());
    Agent agent(config_of("web", dir / "src",
                          {"rsync://127.0.0.1:" + std::to_string(line.port()) + "/m"},
                          logs_only_grow));
    REQUIRE(agent.flush() == 0);
    append_file(dir / "src/a.log", "second\n");
    REQUIRE(agent.flush() == 0);
    append_file(dir / "src/a.log", "third\n");
    REQUIRE(agent.flush() == 0);
    const std::size_t made = line.counters().connections;
    REQUIRE(until([&] { return line.counters().open == 1; }, seconds(10)));

    line.set({.refuse = true});
    append_file(dir / "src/a.log", "over the one that is there\n");
    REQUIRE(until([&] { return read_file(dir / "dst/a.log") == read_file(dir / "src/a.log"); },
                  seconds(10)));
    CHECK(made >= 3);
}
