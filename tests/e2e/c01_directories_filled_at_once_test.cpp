#include "tests/e2e/live_mirror.h"

#include <catch2/catch.hpp>

#include <thread>

using namespace lockstep::testing;

TEST_CASE("chains of directories filled at once by four writers arrive whole", "[e2e][C01]")
{
    LiveMirror mirror;
    REQUIRE(mirror.agent.flush() == 0);
    constexpr int writers_count = 4;
    constexpr int rounds = 100;

    std::vector<std::thread> writers;
    std::atomic<int> failed = 0;
    for (int k = 0; k < writers_count; ++k)
        writers.emplace_back([&, k] {
            try {
                const std::string own = mirror.source("w" + std::to_string(k));
                for (int i = 0; i < rounds; ++i) {
                    const std::string prepared = mirror.outside(std::to_string(k));
                    write_file(prepared, "prepared " + std::to_string(i));
                    const std::string round = own + "/" + std::to_string(i);
                    write_file(round + "/a/b/c/f", std::to_string(i));
                    rename_path(prepared, round + "/a/moved");
                }
            } catch (const std::exception&) {
                ++failed;
            }
        });
    for (std::thread& writer : writers) writer.join();
    REQUIRE(failed == 0);

    CHECK(mirror.flushed_differences() == Lines{});
    CHECK(mirror.sent("pending") == 0);
    CHECK(mirror.full_compares() == 1);
}
