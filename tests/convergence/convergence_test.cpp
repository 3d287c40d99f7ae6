// The promise of the whole, tried: whatever is done to source, agent, line and daemon, once it is
// quiet a flush says yes, and is right.
#include "tests/convergence/run.h"
#include "tests/convergence/shrink.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <fstream>
#include <iostream>

using namespace lockstep::testing;

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::seconds;

constexpr std::size_t shrink_tries_max = 80;
constexpr seconds shrink_time_max{240};
constexpr std::size_t lines_shown_max = 80;

// How long to go on, shorter where everything takes longer; the first world's seed is Catch2's own,
// and each further one's is one more.
seconds duration()
{
    const char* asked = std::getenv("LOCKSTEP_CONVERGE_SECONDS");
    return seconds(asked != nullptr ? std::strtoll(asked, nullptr, 10) : 100 / patience);
}

std::string told(const Entries& entries)
{
    std::string text;
    const std::size_t skipped =
        entries.size() > lines_shown_max ? entries.size() - lines_shown_max : 0;
    if (skipped > 0) text += "  (" + std::to_string(skipped) + " before)\n";
    for (std::size_t i = skipped; i < entries.size(); ++i)
        text += "  " + describe(entries[i]) + "\n";
    return text;
}

// Where whoever looks for the cause finds everything.
void keep(const RoundFailure& failure, std::uint64_t seed)
{
    const char* directory = std::getenv("LOCKSTEP_CONVERGE_KEEP");
    if (directory == nullptr) return;
    const std::string prefix = std::string(directory) + "/" + std::to_string(seed) + ".";
    std::ofstream(prefix + "agent.log") << failure.logs.at(0);
    std::ofstream(prefix + "daemon.log") << failure.logs.at(1);
    std::ofstream(prefix + "trees") << failure.logs.at(2);
    std::ofstream journal(prefix + "journal");
    journal << failure.failure.text << "\n";
    for (const Entry& entry : failure.entries) journal << describe(entry) << "\n";
}

std::string shrunk(const RoundFailure& failure, const Setting& setting)
{
    const Clock::time_point end = Clock::now() + shrink_time_max;
    Failure last;
    const auto fails = [&](const Entries& entries) {
        if (Clock::now() >= end) return false;
        auto again = replay(setting, failure.earlier, entries);
        if (!again || again->kind != failure.failure.kind) return false;
        last = std::move(*again);
        return true;
    };
    if (!fails(failure.entries) && !fails(failure.entries))
        return "done again in one thread it went well; what concerned the paths:\n" +
               told(concerning(failure.entries, failure.failure.paths));
    const std::string list = told(shrink(failure.entries, shrink_tries_max, fails));
    return "fails again with:\n" + list + "and then:\n" + last.text;
}

}  // namespace

TEST_CASE("after any faults a flush that says yes is right", "[convergence]")
{
    const Clock::time_point end = Clock::now() + duration();
    const auto over = [&] { return Clock::now() >= end; };
    Figures figures;
    std::string report;
    for (std::uint64_t seed = Catch::rngSeed(); !over() && report.empty(); ++seed) {
        const auto failure = run_world(seed, figures, over);
        if (!failure) continue;
        keep(*failure, seed);
        const Setting setting = setting_of(seed);
        report = "seed " + std::to_string(seed) + " (" + describe(setting) +
                 "): " + failure->failure.kind + "\n" + failure->failure.text + "\n";
        std::cout << report << std::flush;
        report += shrunk(*failure, setting);
    }
    std::cout << describe(figures);
    INFO(report);
    CHECK(report.empty());
}
