// Every compressor over every protocol, to a real daemon.
#include "tests/support/slow_line.h"
#include "tests/support/temp_tree.h"
#include "tests/support/tree_equal.h"
#include "tests/wire/push_fixture.h"
#include "transport/link_speed.h"

#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <memory>
#include <optional>
#include <string>

namespace lockstep::wire_test {

using namespace lockstep::testing;
using transport::Endpoint;
using transport::PushOptions;

namespace {

constexpr std::size_t kibi = 1024;
constexpr std::size_t mebi = 1024 * kibi;

// Repeats itself, but not at the length of a block.
std::string text(std::size_t size)
{
    std::string text;
    for (std::size_t line = 0; text.size() < size; ++line)
        text += "line " + std::to_string(line * line) + " of a log that says little\n";
    return text.substr(0, size);
}

void fill(const std::string& source)
{
    write_file(source + "/empty", "");
    write_file(source + "/byte", "x");
    write_file(source + "/short", text(700));
    write_file(source + "/nearly", text(64 * kibi - 1));
    write_file(source + "/just", text(64 * kibi));
    write_file(source + "/over", random_bytes(64 * kibi + 1, 1));
    write_file(source + "/text", text(5 * mebi));
    write_file(source + "/random", random_bytes(4 * mebi, 2));
    write_file(source + "/zeros", std::string(10 * mebi, '\0'));
}

// In the middle, at the front and at the end; and one that is all matched.
void change(const std::string& source)
{
    const std::string before = read_file(source + "/text");
    write_file(source + "/text", before.substr(0, 3 * mebi) + "inserted" + before.substr(3 * mebi));
    const std::string noise = read_file(source + "/random");
    write_file(source + "/random", "at the front" + noise + "at the end");
    write_file(source + "/just", text(64 * kibi));
    for (const char* name : {"empty", "byte", "short", "nearly"})
        append_file(source + "/" + name, "y");
    const std::string over = read_file(source + "/over");
    write_file(source + "/over", over.substr(1));
}

Lines unequal(const PushEnds& ends)
{
    Lines names;
    for (const std::string& name : names_in(ends.source()))
        if (read_file(ends.source() + "/" + name) != read_file(ends.destination() + "/" + name))
            names.push_back(name);
    return names;
}

}  // namespace

TEST_CASE("content of any size arrives as it was, whole and as a delta, by every compressor",
          "[wire][compress]")
{
    const auto* compress = GENERATE("none", "zstd", "lz4", "zlibx", "zlib");
    const int protocol = GENERATE(range(27, 33));
    INFO(compress << " over protocol " << protocol);
    const PushEnds ends;
    fill(ends.source());
    Endpoint endpoint = ends.endpoint();
    endpoint.protocol_max = protocol;
    PushOptions options;
    options.compress = compress;
    options.ignore_times = true;
    Compare compare;
    compare.times = protocol >= 31;

    const Pushed whole = push(endpoint, options, list_of(ends.source()), ends.source());
    CHECK(whole.peer.compress == release_of_daemons().compressor_for(compress));
    CHECK(whole.outcome.failures.empty());
    CHECK(whole.outcome.unattributed.empty());
    CHECK(quick_differences(ends.source(), ends.destination(), compare) == Lines{});
    CHECK(unequal(ends) == Lines{});
    // Of 19 MiB four cannot be made smaller.
    const bool smaller = compress != std::string("none");
    CHECK((whole.outcome.figures.bytes_sent < 7 * mebi) == smaller);

    change(ends.source());
    const Pushed delta = push(endpoint, options, list_of(ends.source()), ends.source());
    CHECK(delta.outcome.failures.empty());
    CHECK(delta.outcome.figures.matched_bytes > 17 * mebi);
    CHECK(unequal(ends) == Lines{});
}

TEST_CASE("what is compressed already is not deflated again, between files that are",
          "[wire][compress]")
{
    const auto* compress = GENERATE("zlibx", "zlib");
    const int protocol = GENERATE(29, 30, 31, 32);
    INFO(compress << " over protocol " << protocol);
    const PushEnds ends;
    // In the order of the names, so that each way of switching comes up; what would shrink shows.
    const Lines names{"a.txt", "b.gz", "c.JPG", "d.txt", "e.zip", "f"};
    for (const std::string& name : names) write_file(ends.source() + "/" + name, text(mebi));
    Endpoint endpoint = ends.endpoint();
    endpoint.protocol_max = protocol;
    PushOptions options;
    options.compress = compress;
    options.ignore_times = true;

    const Pushed whole = push(endpoint, options, list_of(ends.source()), ends.source());
    CHECK(whole.outcome.failures.empty());
    CHECK(whole.outcome.figures.bytes_sent > 3 * mebi);
    CHECK(whole.outcome.figures.bytes_sent < 4 * mebi);

    for (const std::string& name : names) {
        const std::string before = read_file(ends.source() + "/" + name);
        write_file(ends.source() + "/" + name, "at the front" + before.substr(0, mebi / 2) +
                                                   text(200'000) + before.substr(mebi / 2));
    }
    const Pushed delta = push(endpoint, options, list_of(ends.source()), ends.source());
    CHECK(delta.outcome.failures.empty());
    CHECK(delta.outcome.figures.matched_bytes > 5 * mebi);
    for (const std::string& name : names)
        CHECK(read_file(ends.source() + "/" + name) == read_file(ends.destination() + "/" + name));
}

TEST_CASE("where the line is slow both ends agree on the best they have", "[wire][compress]")
{
    const int protocol = GENERATE(29, 30, 31, 32);
    const bool ahead = GENERATE(false, true);
    INFO("protocol " << protocol << (ahead ? ", said ahead" : ", step by step"));
    const PushEnds ends;
    fill(ends.source());
    Endpoint endpoint = ends.endpoint();
    endpoint.protocol_max = protocol;
    endpoint.speed = std::make_shared<transport::LinkSpeed>(mebi);  // a limit that nobody keeps
    PushOptions options;
    options.ignore_times = true;
    std::optional<transport::Expected> expected;
    if (ahead) {
        const PushOptions plain = options;
        expected = push(endpoint, plain, list_of(ends.source()), ends.source()).expected;
    }
    options.compress = "auto";

    for (int round = 0; round < 2; ++round) {
        const Pushed pushed =
            push(endpoint, options, list_of(ends.source()), ends.source(), expected);
        // Who is not known to have names for them is given what it surely has.
        const bool names = protocol >= 30 || !release_of_daemons().names_digests();
        CHECK(pushed.peer.compress == release_of_daemons().compressor_for(names ? "zstd" : "zlib"));
        CHECK(pushed.outcome.failures.empty());
        for (const char* name : {"text", "random", "zeros", "nearly", "just", "over", "short"})
            CHECK(read_file(ends.source() + "/" + name) ==
                  read_file(ends.destination() + "/" + name));
        if (ahead) expected = pushed.expected;
        change(ends.source());
    }
}

TEST_CASE("a daemon without zstd is given what it has", "[wire][compress]")
{
    const TempDir dir;
    make_dirs(dir / "src");
    fill(dir / "src");
    write_file(dir / "rsync", "#!/bin/sh\nRSYNC_COMPRESS_LIST='zlibx zlib' exec " +
                                  rsync_of_daemons() + " \"$@\"\n");
    REQUIRE(::chmod((dir / "rsync").c_str(), 0755) == 0);
    const RealDaemon daemon({{.name = "m", .path = made(dir / "dst")}}, {.rsync = dir / "rsync"});
    Endpoint endpoint = endpoint_of(daemon, std::chrono::seconds(10));
    endpoint.speed = std::make_shared<transport::LinkSpeed>(mebi);
    PushOptions options;
    options.compress = "auto";

    const Pushed pushed = push(endpoint, options, list_of(dir / "src"), dir / "src");
    CHECK(pushed.peer.compress == "zlibx");
    CHECK(quick_differences(dir / "src", dir / "dst") == Lines{});

    // Who took it for another hears of it, and next time knows. (Nothing is exchanged
    // before 3.2.7.)
    if (!release_of_daemons().names_digests()) return;
    std::optional<transport::Expected> wrong = pushed.expected;
    REQUIRE(wrong);
    wrong->best_compress.clear();
    write_file(dir / "src/more", text(mebi));
    CHECK_THROWS_AS(push(endpoint, options, list_of(dir / "src"), dir / "src", wrong),
                    transport::WrongGuess);
    const Pushed known =
        push(endpoint, options, list_of(dir / "src"), dir / "src", pushed.expected);
    CHECK(known.peer.compress == "zlibx");
    CHECK(quick_differences(dir / "src", dir / "dst") == Lines{});
}

TEST_CASE("a session tells how fast its line was", "[wire][compress]")
{
    if (!SlowLine::possible()) return;
    const SlowLine line("20mbit");
    const PushEnds ends;
    write_file(ends.source() + "/random", random_bytes(mebi, 1));
    Endpoint endpoint = ends.endpoint();
    endpoint.speed = std::make_shared<transport::LinkSpeed>();
    PushOptions options;
    options.compress = "auto";

    CHECK(push(endpoint, options, list_of(ends.source()), ends.source()).peer.compress == "none");
    REQUIRE(endpoint.speed->measured());
    CHECK(*endpoint.speed->measured() < transport::LinkSpeed::compresses_below);
    CHECK(push(endpoint, options, list_of(ends.source()), ends.source()).peer.compress ==
          release_of_daemons().compressor_for("zstd"));
}

TEST_CASE("a compressor that a daemon refuses is said to be refused", "[wire][compress]")
{
    const TempDir dir;
    make_dirs(dir / "src");
    write_file(dir / "src/f", "x");
    const RealDaemon daemon(
        {{.name = "m", .path = made(dir / "dst"), .lines = {"refuse options = compress"}}});
    PushOptions options;
    options.compress = GENERATE("zstd", "lz4", "zlibx", "zlib", "auto");
    INFO(options.compress);
    Endpoint endpoint = endpoint_of(daemon, std::chrono::seconds(10));
    endpoint.speed = std::make_shared<transport::LinkSpeed>(mebi);

    try {
        push(endpoint, options, list_of(dir / "src"), dir / "src");
        FAIL("it was taken");
    } catch (const Error& refused) {
        CHECK(refused.kind() == ErrorKind::refused_option);
        CHECK(refused.remedy() == Remedy::needs_person);
        CHECK(std::string(refused.what()).find("compress") != std::string::npos);
    }
}

}  // namespace lockstep::wire_test
