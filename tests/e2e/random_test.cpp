#include "tests/e2e/live_mirror.h"
#include "tests/e2e/random_changes.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <string>

using namespace lockstep::testing;

namespace {

constexpr int steps_in_all = 1000;

// How many seeds a run tries, from Catch2's own (--rng-seed) upwards; the first is printed with a
// failure.
std::uint64_t seeds()
{
    const char* asked = std::getenv("LOCKSTEP_E2E_SEEDS");
    return asked != nullptr ? std::strtoull(asked, nullptr, 10) : 3;
}

}  // namespace

TEST_CASE("after any thousand changes the destination is equal", "[e2e][random]")
{
    const std::uint64_t first = Catch::rngSeed();
    for (std::uint64_t seed = first; seed < first + seeds(); ++seed) {
        LiveMirror mirror;
        make_dirs(mirror.outside(""));
        RandomChanges changes(mirror.source(), mirror.outside(""), seed);
        std::mt19937_64 pace(seed);
        for (int step = 1; step <= steps_in_all; ++step) {
            changes.step();
            // Mostly bursts; now and then what is under way is let through, so that changes also
            // meet a destination that is in step.
            if (pace() % 20 == 0)
                mirror.agent.wait_state("web", 0, "in_step", std::chrono::milliseconds(50));
            if (step != steps_in_all && pace() % 100 != 0) continue;
            const Lines differences = mirror.flushed_differences();
            INFO("seed " << seed << ", after step " << step << "\n" << changes.last_steps());
            REQUIRE(differences == Lines{});
        }
        CHECK(mirror.full_compares() == 1);
    }
}
