#include "tests/e2e/live_mirror.h"
#include "tests/support/proxy.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <set>
#include <string>
#include <thread>

using namespace lockstep::testing;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr int pieces = 20;
constexpr std::size_t piece_bytes = 100'000;

// Writes piece by piece as an upload does, and looks at the destination after each.
class Upload {
public:
    Upload(const LiveMirror& mirror, const std::string& name)
        : there_(mirror.dest(name)),
          file_(::open(mirror.source(name).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644))
    {
        REQUIRE(file_);
    }

    void write_all()
    {
        for (int i = 0; i < pieces; ++i) {
            const std::string piece = random_bytes(piece_bytes, static_cast<std::uint64_t>(i));
            REQUIRE(::write(file_.get(), piece.data(), piece.size()) ==
                    static_cast<ssize_t>(piece.size()));
            content_ += piece;
            std::this_thread::sleep_for(milliseconds(50));
            look();
        }
    }

    void look()
    {
        if (!exists(there_)) return;
        const std::string seen = read_file(there_);
        CHECK(seen == content_.substr(0, seen.size()));
        sizes_seen_.insert(seen.size());
    }

    void close() { file_ = lockstep::Fd(); }
    const std::set<std::size_t>& sizes_seen() const { return sizes_seen_; }
    const std::string& content() const { return content_; }

private:
    const std::string there_;
    lockstep::Fd file_;
    std::string content_;
    std::set<std::size_t> sizes_seen_;
};

bool arrives(const LiveMirror& mirror, const Upload& upload)
{
    return until(
        [&] {
            return exists(mirror.dest("upload")) &&
                   read_file(mirror.dest("upload")) == upload.content();
        },
        seconds(20));
}

}  // namespace

TEST_CASE("an upload is sent when it is complete", "[e2e][C17]")
{
    LiveMirror mirror({.mapping_lines = {"batch: { settle: 20ms, max_delay: 200ms }"}});
    REQUIRE(mirror.agent.flush() == 0);
    Upload upload(mirror, "upload");

    upload.write_all();
    CHECK(upload.sizes_seen().empty());
    CHECK(mirror.agent.destination("web").at("state").as_string() == "syncing");
    write_file(mirror.source("other"), "is not held up");
    CHECK(until([&] { return exists(mirror.dest("other")); }, seconds(20)));
    CHECK_FALSE(exists(mirror.dest("upload")));

    upload.close();
    CHECK(arrives(mirror, upload));
    CHECK(mirror.flushed_differences() == Lines{});
    CHECK(mirror.sent("bytes_sent") < 3 * pieces * piece_bytes);
}

TEST_CASE("an upload that comes with the directory it is written to waits as well", "[e2e][C17]")
{
    LiveMirror mirror;
    REQUIRE(mirror.agent.flush() == 0);
    const TempDir elsewhere;
    make_dirs(elsewhere / "d");
    for (int i = 0; i < 300; ++i) write_file(elsewhere / "d/f" + std::to_string(i), "whole");
    const std::string begun = random_bytes(piece_bytes, 1);
    write_file(elsewhere / "d/upload", begun);
    lockstep::Fd writer(::open((elsewhere / "d/upload").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    REQUIRE(writer);

    REQUIRE(std::rename((elsewhere / "d").c_str(), mirror.source("d").c_str()) == 0);
    CHECK(until([&] { return exists(mirror.dest("d/f299")) && exists(mirror.dest("d/f0")); },
                seconds(20)));
    std::this_thread::sleep_for(milliseconds(300));
    CHECK_FALSE(exists(mirror.dest("d/upload")));
    CHECK(mirror.agent.destination("web").at("state").as_string() == "syncing");
    CHECK(mirror.agent.destination("web").at("errors").as_int64() == 0);

    writer = lockstep::Fd();
    CHECK(until([&] { return exists(mirror.dest("d/upload")); }, seconds(20)));
    CHECK(mirror.flushed_differences() == Lines{});
}

TEST_CASE("a flush does not wait for an upload, it sends what there is of it", "[e2e][C17]")
{
    LiveMirror mirror;
    REQUIRE(mirror.agent.flush() == 0);
    Upload upload(mirror, "upload");
    upload.write_all();

    REQUIRE(mirror.agent.flush() == 0);
    CHECK(read_file(mirror.dest("upload")) == upload.content());
    upload.close();
    CHECK(mirror.flushed_differences() == Lines{});
}

TEST_CASE("a flush that comes while the upload was just found open sends it, too", "[e2e][C17]")
{
    const TempDir dir;
    make_dirs(dir / "src");
    make_dirs(dir / "dst");
    RealDaemon daemon({{.name = "m", .path = dir / "dst"}});
    Proxy line(daemon.port());
    Agent agent(
        config_of("web", dir / "src", {"rsync://127.0.0.1:" + std::to_string(line.port()) + "/m"}));
    REQUIRE(agent.flush() == 0);

    const auto session_begins = [&](std::uint64_t before) {
        return until([&] { return line.counters().bytes_up > before + 50; }, seconds(20));
    };
    const auto sessions = [&] { return agent.destination("web").at("sessions").as_int64(); };

    // While one session is under way the upload and another file gather for the next.
    line.set({.delay_down = milliseconds(500)});
    const std::int64_t sessions_before = sessions();
    std::uint64_t before = line.counters().bytes_up;
    write_file(dir / "src/first", "goes alone");
    REQUIRE(session_begins(before));
    const lockstep::Fd writer(
        ::open((dir / "src/upload").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    REQUIRE(::write(writer.get(), "begun", 5) == 5);
    write_file(dir / "src/other", "goes without it");
    const bool first_done = until(
        [&] {
            before = line.counters().bytes_up;  // the next may begin at once
            return sessions() > sessions_before;
        },
        seconds(20));
    REQUIRE(first_done);
    REQUIRE(session_begins(before));

    CHECK(agent.flush(seconds(20)) == 0);
    CHECK(read_file(dir / "dst/upload") == "begun");
}

TEST_CASE("where new files are sent at once, only what they were at some moment is seen",
          "[e2e][C17]")
{
    LiveMirror mirror({.mapping_lines = {"batch: { settle: 20ms, max_delay: 200ms }",
                                         "open_files: { new: send }"}});
    REQUIRE(mirror.agent.flush() == 0);
    Upload upload(mirror, "upload");

    upload.write_all();
    CHECK(until([&] { return upload.look(), !upload.sizes_seen().empty(); }, seconds(20)));

    upload.close();
    CHECK(arrives(mirror, upload));
}

TEST_CASE("an upload that never ends is sent after max_wait", "[e2e][C17]")
{
    LiveMirror mirror(
        {.mapping_lines = {"batch: { max_delay: 100ms }", "open_files: { max_wait: 500ms }"}});
    REQUIRE(mirror.agent.flush() == 0);
    Upload upload(mirror, "upload");

    upload.write_all();

    CHECK(arrives(mirror, upload));
}
