// `compress` as users have it.
#include "tests/e2e/live_mirror.h"

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
    CHECK(told == (compress == "auto" ? "none" : compress));
    const auto sent = mirror.agent.destination("web").at("bytes_sent").as_int64();
    CHECK((sent < 400'000) == (told != "none"));
}
