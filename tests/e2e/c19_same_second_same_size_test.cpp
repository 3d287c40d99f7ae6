#include "tests/e2e/live_mirror.h"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <random>
#include <string>
#include <thread>

using namespace lockstep::testing;

namespace {

int rounds()
{
    const char* asked = std::getenv("LOCKSTEP_E2E_ROUNDS");
    return asked != nullptr ? std::atoi(asked) : 60;
}

}  // namespace

TEST_CASE("a file written twice in one second with the same size arrives as it is last",
          "[e2e][C19]")
{
    std::mt19937_64 random(Catch::rngSeed());
    LiveMirror mirror;
    for (int round = 0; round < rounds(); ++round) {
        write_file(mirror.source("f"), random_bytes(64, random()));
        // Not a wait: the point is that nobody knows what the agent does at that moment.
        std::this_thread::sleep_for(std::chrono::milliseconds(random() % 30));
        write_file(mirror.source("f"), random_bytes(64, random()));

        REQUIRE(mirror.agent.flush() == 0);
        INFO("round " << round);
        REQUIRE(read_file(mirror.dest("f")) == read_file(mirror.source("f")));
    }
}
