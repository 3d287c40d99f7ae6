// Every compressor over every protocol, to a real daemon.
#include "tests/support/temp_tree.h"
#include "tests/support/tree_equal.h"
#include "tests/wire/push_fixture.h"

#include <catch2/catch.hpp>

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
    CHECK(whole.peer.compress == compress);
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

TEST_CASE("a compressor that a daemon refuses is said to be refused", "[wire][compress]")
{
    const TempDir dir;
    make_dirs(dir / "src");
    write_file(dir / "src/f", "x");
    const RealDaemon daemon(
        {{.name = "m", .path = made(dir / "dst"), .lines = {"refuse options = compress"}}});
    PushOptions options;
    options.compress = "zstd";

    try {
        push(endpoint_of(daemon, std::chrono::seconds(10)), options, list_of(dir / "src"),
             dir / "src");
        FAIL("it was taken");
    } catch (const Error& refused) {
        CHECK(refused.kind() == ErrorKind::refused_option);
        CHECK(refused.remedy() == Remedy::needs_person);
    }
}

}  // namespace lockstep::wire_test
