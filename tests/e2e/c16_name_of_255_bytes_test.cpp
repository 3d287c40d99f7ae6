#include "tests/e2e/live_mirror.h"

#include <catch2/catch.hpp>

using namespace lockstep::testing;

TEST_CASE("names of 255 bytes are written, rewritten by delta, renamed and deleted", "[e2e][C16]")
{
    std::string euros;
    for (int i = 0; i < 85; ++i) euros += "\xe2\x82\xac";
    const std::vector<std::string> names{std::string(255, 'n'), euros};
    LiveMirror mirror;
    REQUIRE(mirror.agent.flush() == 0);

    INFO("write");
    for (const std::string& name : names)
        write_file(mirror.source(name), random_bytes(400'000, name.front()));
    REQUIRE(mirror.flushed_differences() == Lines{});

    INFO("rewrite by delta");
    const std::uint64_t matched = mirror.sent("matched_bytes");
    for (const std::string& name : names) append_file(mirror.source(name), "the tail");
    REQUIRE(mirror.flushed_differences() == Lines{});
    CHECK(mirror.sent("matched_bytes") > matched + 700'000);

    INFO("rename");
    for (const std::string& name : names)
        rename_path(mirror.source(name), mirror.source(name.substr(0, 252) + "end"));
    REQUIRE(mirror.flushed_differences() == Lines{});

    INFO("delete");
    for (const std::string& name : names) remove_file(mirror.source(name.substr(0, 252) + "end"));
    REQUIRE(mirror.flushed_differences() == Lines{});
    CHECK(names_in(mirror.dest()).empty());
}
