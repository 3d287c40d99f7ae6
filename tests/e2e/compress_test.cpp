// `compress` as users have it.
#include "tests/e2e/live_mirror.h"
#include "tests/support/slow_line.h"

#include <catch2/catch.hpp>

#include <string>

using namespace lockstep::testing;

TEST_CASE("what is compressed on the way arrives as it is, first and live", "[e2e][compress]")
{
    const std::string compress = GENERATE("zstd", "lz4", "zlibx", "zlib", "none", "auto");
    LiveMirror mirror(
        {.mapping_lines = {"compress: " + compress}, .before = [](const std::string& source) {
             write_file(source + "/before", std::string(300'000, 'a'));
             write_file(source + "/noise", random_bytes(200'000, 1));
         }});
    REQUIRE(mirror.agent.flush() == 0);

    write_file(mirror.source("small"), "small and new");
    append_file(mirror.source("before"), "and at the end");
    write_file(mirror.source("d/new"), std::string(100'000, 'b'));
    REQUIRE(mirror.agent.flush() == 0);
    CHECK(mirror.differences() == Lines{});

    const std::string told(mirror.agent.destination("web").at("compress").as_string());
    CHECK(told == (compress == "auto" ? "none" : release_of_daemons().compressor_for(compress)));
    const auto sent = mirror.agent.destination("web").at("bytes_sent").as_int64();
    CHECK((sent < 400'000) == (told != "none"));
}

namespace {

std::string text(int number)
{
    std::string text;
    while (text.size() < 1'000'000)
        text += std::to_string(number) + " lines of a log that says little, " +
                std::to_string(text.size()) + "\n";
    return text;
}

std::string compressor(const LiveMirror& mirror)
{
    return std::string(mirror.agent.destination("web").at("compress").as_string());
}

// What a file of text costs on the wire.
std::uint64_t cost(LiveMirror& mirror, int number)
{
    const std::uint64_t before = mirror.sent("bytes_sent");
    write_file(mirror.source("text" + std::to_string(number)), text(number));
    REQUIRE(mirror.flushed_differences() == Lines{});
    return mirror.sent("bytes_sent") - before;
}

MirrorOptions automatic()
{
    return {.mapping_lines = {"compress: auto"}, .before = [](const std::string& source) {
                write_file(source + "/before", random_bytes(1'000'000, 1));
            }};
}

}  // namespace

TEST_CASE("over a slow line auto compresses as soon as it is found slow", "[e2e][compress]")
{
    if (!SlowLine::possible()) return;
    const SlowLine line("20mbit");
    LiveMirror mirror(automatic());
    REQUIRE(mirror.flushed_differences() == Lines{});
    CHECK(compressor(mirror) == "none");

    // Not over the session that was opened before that.
    CHECK(cost(mirror, 1) < 300'000);
    CHECK(compressor(mirror) == release_of_daemons().compressor_for("zstd"));
}

TEST_CASE("of a first sync over a slow line only the beginning goes as it is", "[e2e][compress]")
{
    if (!SlowLine::possible()) return;
    const SlowLine line("50mbit");
    LiveMirror mirror(
        {.mapping_lines = {"compress: auto"}, .before = [](const std::string& source) {
             for (int i = 0; i < 12; ++i)
                 for (int j = 0; j < 100; ++j)
                     write_file(source + "/d" + std::to_string(i) + "/" + std::to_string(j),
                                text(i).substr(0, 10'000));
         }});
    REQUIRE(mirror.flushed_differences() == Lines{});

    // Of 12 MB three directories are the first piece.
    CHECK(mirror.sent("bytes_sent") > 2'000'000);
    CHECK(mirror.sent("bytes_sent") < 6'000'000);
    CHECK(compressor(mirror) == release_of_daemons().compressor_for("zstd"));
}

TEST_CASE("over a fast line auto never compresses", "[e2e][compress]")
{
    LiveMirror mirror(automatic());
    REQUIRE(mirror.flushed_differences() == Lines{});
    for (const int number : {1, 2, 3}) CHECK(cost(mirror, number) > 1'000'000);
    CHECK(compressor(mirror) == "none");
}

TEST_CASE("what refuses to unpack is sent as it is, and nothing is lost or asked again",
          "[e2e][compress]")
{
    const TempDir dir;
    write_file(dir / "src/first", text(1));
    make_dirs(dir / "dst");
    RealDaemon daemon({{.name = "m", .path = dir / "dst", .lines = {"refuse options = compress"}}});
    AgentConfig config = config_of("web", dir / "src", {daemon.url("m")}, {"compress: auto"});
    config.mappings[0].destinations[0].lines = {"bandwidth_limit: 20MiB"};
    Agent agent(config);

    REQUIRE(agent.flush() == 0);
    write_file(dir / "src/second", text(2));
    REQUIRE(agent.flush() == 0);
    CHECK(tree_differences(dir / "src", dir / "dst") == Lines{});
    CHECK(agent.destination("web").at("compress").as_string() == "none");
    CHECK(agent.destination("web").at("errors").as_int64() == 0);
    const std::string log = agent.log_text();
    const std::size_t said = log.find("nothing is compressed there");
    REQUIRE(said != std::string::npos);
    CHECK(log.find("nothing is compressed there", said + 1) == std::string::npos);
}

TEST_CASE("a limit that is lower than what compressing pays for counts as the line's speed",
          "[e2e][compress]")
{
    const TempDir dir;
    write_file(dir / "src/first", text(1));
    make_dirs(dir / "dst");
    RealDaemon daemon({{.name = "m", .path = dir / "dst"}});
    AgentConfig config = config_of("web", dir / "src", {daemon.url("m")}, {"compress: auto"});
    config.mappings[0].destinations[0].lines = {"bandwidth_limit: 20MiB"};
    Agent agent(config);

    REQUIRE(agent.flush() == 0);
    CHECK(agent.destination("web").at("compress").as_string() ==
          release_of_daemons().compressor_for("zstd"));
    CHECK(agent.destination("web").at("bytes_sent").as_int64() < 300'000);
}
