#include "tests/e2e/live_mirror.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <unistd.h>

#include <string>

using namespace lockstep::testing;
using Catch::Matchers::Contains;
using std::chrono::seconds;

namespace {

std::string numbered(int number)
{
    return "new/d" + std::to_string(number);
}

}  // namespace

TEST_CASE("directories beyond the watch limit are polled, and said to be", "[e2e][C08]")
{
    if (::geteuid() != 0) return;  // the limit is set in a user namespace
    LiveMirror mirror({.under = with_kernel_limit("max_inotify_watches", 30),
                       .mapping_lines = {"poll_interval: 1s"},
                       .before = [](const std::string& source) {
                           for (int i = 0; i < 10; ++i)
                               write_file(source + "/d" + std::to_string(i) + "/f", "x");
                       }});
    REQUIRE(mirror.flushed_differences() == Lines{});
    CHECK(mirror.watches() == 11);

    for (int i = 0; i < 100; ++i) write_file(mirror.source(numbered(i) + "/f"), "first");

    // A flush looks at them first.
    REQUIRE(mirror.flushed_differences() == Lines{});
    const boost::json::object mapping = mirror.agent.mapping("web");
    CHECK(mapping.at("polled_directories").to_number<int>() > 50);
    CHECK_THAT(std::string(mapping.at("detail").as_string()),
               Contains("fs.inotify.max_user_watches=") && Contains("sysctl -w"));
    write_file(mirror.source(numbered(99) + "/f"), "second");
    make_dirs(mirror.source(numbered(98) + "/deep/er"));
    REQUIRE(mirror.flushed_differences() == Lines{});

    // And without one, within two polls.
    write_file(mirror.source(numbered(99) + "/f"), "third time");
    CHECK(until([&] { return read_file(mirror.dest(numbered(99) + "/f")) == "third time"; },
                seconds(20)));
}
