// Content that goes behind or over what is there (PROTOCOL.md 16.8).
#include "push_fixture.h"
#include "spoilt_push.h"
#include "tests/support/real_daemon.h"
#include "tests/support/temp_tree.h"
#include "tests/support/tree_equal.h"

#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <functional>

using namespace lockstep;
using namespace lockstep::testing;
using namespace lockstep::transport;
using namespace lockstep::wire_test;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t mebi = std::size_t{1024} * 1024;

struct Ends {
    TempDir dir;
    RealDaemon daemon;

    explicit Ends(std::vector<std::string> lines = {})
        : daemon({{.name = "m",
                   .path = made(dir / "dst"),
                   .user = "u",
                   .password = "p",
                   .lines = std::move(lines)}})
    {
        make_dirs(source());
    }

    std::string source(const std::string& below = "") const { return dir / "src/" + below; }
    std::string destination(const std::string& below = "") const { return dir / "dst/" + below; }
    Endpoint endpoint(int protocol = 32) const
    {
        Endpoint endpoint = endpoint_of(daemon, 30s);
        endpoint.protocol_max = protocol;
        return endpoint;
    }
    // With every file on its way; `from` of it is said to be there.
    PushList list(Way way, std::uint64_t from = 0) const
    {
        PushList list = list_of(dir / "src");
        for (Entry& entry : list.entries) {
            if (!entry.is_regular()) continue;
            entry.way = way;
            entry.append_from = from;
            entry.as_listed = way == Way::append;
        }
        return list;
    }
    static PushOptions options(Way way)
    {
        PushOptions options;
        options.way = way;
        options.ignore_times = true;
        return options;
    }
    PushOutcome push(Way way, std::uint64_t from = 0, int protocol = 32) const
    {
        return push(options(way), list(way, from), protocol);
    }
    PushOutcome push(const PushOptions& options, const PushList& list, int protocol = 32) const
    {
        return wire_test::push(endpoint(protocol), options, list, dir / "src").outcome;
    }
    Lines differences() const { return tree_differences(dir / "src", dir / "dst"); }
    ino_t inode_there(const std::string& path) const { return status_of(destination(path)).st_ino; }
};

}  // namespace

TEST_CASE("of a file that has grown the tail is sent, behind what is there", "[wire][append]")
{
    const int protocol = GENERATE(30, 31, 32);
    const std::string compress = GENERATE("none", "zstd", "zlib");
    const Ends ends;
    write_file(ends.source("log"), random_bytes(3 * mebi, 1));
    REQUIRE(ends.push(Way::usual, 0, protocol).failures.empty());
    const ino_t before = ends.inode_there("log");
    // Bytes before the tail are not compared by anybody: those there stay, and show it.
    append_file(ends.source("log"), random_bytes(1000, 2));
    const std::string odd = "not what was sent";
    std::string there = read_file(ends.destination("log"));
    there.replace(100, odd.size(), odd);
    write_file(ends.destination("log"), there);
    PushOptions options = Ends::options(Way::append);
    options.compress = protocol < 31 && compress == "zstd" ? "none" : compress;

    const PushOutcome outcome = ends.push(options, ends.list(Way::append, 3 * mebi), protocol);

    CHECK(outcome.failures.empty());
    CHECK(outcome.unattributed.empty());
    CHECK(outcome.figures.files_sent == 1);
    CHECK(outcome.figures.literal_bytes == 1000);
    CHECK(outcome.figures.bytes_sent < 4000);
    CHECK(outcome.figures.bytes_received < 2000);
    CHECK(ends.inode_there("log") == before);
    const std::string source = read_file(ends.source("log"));
    CHECK(read_file(ends.destination("log")) == there + source.substr(3 * mebi));
}

TEST_CASE("before protocol 30 a file that has grown goes as any other", "[wire][append]")
{
    const int protocol = GENERATE(27, 28, 29);
    const Ends ends;
    write_file(ends.source("log"), random_bytes(300'000, 1));
    REQUIRE(ends.push(Way::usual, 0, protocol).failures.empty());
    append_file(ends.source("log"), "one line more");

    const PushOutcome outcome = ends.push(Way::append, 300'000, protocol);

    CHECK(outcome.failures.empty());
    CHECK(read_file(ends.destination("log")) == read_file(ends.source("log")));
}

TEST_CASE("what the destination has another part of is not appended to", "[wire][append]")
{
    const int protocol = GENERATE(30, 32);
    const Ends ends;
    write_file(ends.source("log"), std::string(5000, 's'));
    // Shorter than we thought, longer, as long as ours, longer than that, not there at all.
    const int there = GENERATE(3999, 4001, 5000, 6000, -1);
    const std::string content = there < 0 ? "" : std::string(static_cast<std::size_t>(there), 't');
    if (there >= 0) write_file(ends.destination("log"), content);

    const PushOutcome outcome = ends.push(Way::append, 4000, protocol);

    INFO(there << " bytes are there");
    REQUIRE(outcome.failures.size() == 1);
    CHECK(outcome.failures[0].path == "log");
    CHECK(outcome.failures[0].vanished);
    CHECK(outcome.figures.literal_bytes == 0);
    if (there >= 0) CHECK(read_file(ends.destination("log")) == content);
    CHECK(exists(ends.destination("log")) == (there >= 0));
}

TEST_CASE("a tail that is spoilt on the way is repaired by a delta", "[wire][append]")
{
    const int protocol = GENERATE(30, 31, 32);
    const Ends ends;
    const std::string start = random_bytes(mebi, 1);
    write_file(ends.source("log"), start);
    write_file(ends.source("other"), start);
    REQUIRE(ends.push(Way::usual, 0, protocol).failures.empty());
    for (const char* name : {"log", "other"})
        append_file(ends.source(name), std::string(9000, name[0]));
    append_file(ends.source("log"), "a marker that is spoilt once");

    const PushOutcome outcome =
        push_spoilt(ends.endpoint(protocol), Ends::options(Way::append), "a marker that is spoilt",
                    ends.list(Way::append, mebi), ends.dir / "src");

    CHECK(outcome.failures.empty());
    CHECK(outcome.figures.matched_bytes > mebi / 2);
    CHECK(read_file(ends.destination("log")) == read_file(ends.source("log")));
    CHECK(read_file(ends.destination("other")) == read_file(ends.source("other")));
}

TEST_CASE("what a file gains after it was listed waits for the next time", "[wire][append]")
{
    const Ends ends;
    write_file(ends.source("log"), std::string(1000, 'a'));
    REQUIRE(ends.push(Way::usual).failures.empty());
    append_file(ends.source("log"), std::string(1000, 'b'));
    const PushList list = ends.list(Way::append, 1000);
    append_file(ends.source("log"), std::string(1000, 'c'));

    CHECK(ends.push(Ends::options(Way::append), list).failures.empty());
    CHECK(read_file(ends.destination("log")) == std::string(1000, 'a') + std::string(1000, 'b'));

    CHECK(ends.push(Way::append, 2000).failures.empty());
    CHECK(ends.differences() == Lines{});
}

TEST_CASE("an appended file has its attributes and xattrs after it", "[wire][append][xattrs]")
{
    const Ends ends;
    write_file(ends.source("log"), std::string(1000, 'a'));
    REQUIRE(ends.push(Way::usual).failures.empty());
    append_file(ends.source("log"), "b");
    set_mode(ends.source("log"), 0600);
    const std::string value(100, 'v');  // said only when asked for
    set_xattr(ends.source("log"), "user.x", value);
    PushOptions options = Ends::options(Way::append);
    options.xattrs = true;
    PushList list = ends.list(Way::append, 1000);
    for (Entry& entry : list.entries)
        if (entry.is_regular()) entry.xattrs.edit() = {{"user.x", value}};

    CHECK(ends.push(options, list).failures.empty());

    CHECK(ends.differences() == Lines{});
}

TEST_CASE("a file is updated in place, whatever was done to it", "[wire][inplace]")
{
    const int protocol = GENERATE(range(27, 33));
    using Change = std::function<std::string(std::string)>;
    const auto [what, change] = GENERATE(table<std::string, Change>({
        {"a block", [](std::string f) { return f.replace(mebi, 4096, std::string(4096, 'x')); }},
        {"inserted", [](std::string f) { return "at the front" + f; }},
        {"removed", [](std::string f) { return f.substr(70'000); }},
        {"swapped", [](const std::string& f) { return f.substr(mebi) + f.substr(0, mebi); }},
        {"shorter", [](std::string f) { return f.substr(0, mebi + 1); }},
        {"longer", [](std::string f) { return f + f.substr(5, 300'000); }},
        {"zeros", [](std::string f) { return f.replace(4096, 500'000, 500'000, '\0'); }},
    }));
    const bool sparse = GENERATE(false, true);
    const Ends ends;
    const std::string before =
        random_bytes(2 * mebi, 1) + std::string(mebi, '\0') + random_bytes(12'345, 2);
    write_file(ends.source("image"), before);
    REQUIRE(ends.push(Way::usual, 0, protocol).failures.empty());
    const ino_t inode = ends.inode_there("image");
    const std::string after = change(before);
    write_file(ends.source("image"), after);
    PushOptions options = Ends::options(Way::in_place);
    options.sparse = sparse;

    const PushOutcome outcome = ends.push(options, ends.list(Way::in_place), protocol);

    INFO(what << ", protocol " << protocol << ", sparse " << sparse);
    CHECK(outcome.failures.empty());
    CHECK(outcome.unattributed.empty());
    CHECK(ends.inode_there("image") == inode);
    CHECK(read_file(ends.destination("image")) == after);
    // A second transfer would be a redo: what was overwritten had been taken.
    CHECK(outcome.figures.literal_bytes + outcome.figures.matched_bytes == after.size());
    if (what == "a block") CHECK(outcome.figures.literal_bytes < 20'000);
}

TEST_CASE("in place is also where nothing is yet, or a directory", "[wire][inplace]")
{
    const Ends ends;
    write_file(ends.source("d/new"), "new");
    write_file(ends.source("other"), "a file");
    write_file(ends.destination("other/below"), "x");

    CHECK(ends.push(Way::in_place).failures.empty());

    CHECK(ends.differences() == Lines{});
}

TEST_CASE("a module that refuses an option refuses the way", "[wire][append][inplace]")
{
    const Way way = GENERATE(Way::append, Way::in_place);
    const Ends ends({way == Way::append ? "refuse options = append" : "refuse options = inplace"});
    write_file(ends.source("f"), "x");
    try {
        ends.push(way);
        FAIL("accepted");
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::refused_option);
    }
}
