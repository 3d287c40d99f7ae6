#include "tests/convergence/figures.h"

#include <numeric>

namespace lockstep::testing {

std::string describe(const Figures& figures)
{
    const auto number = [](std::uint64_t value) { return std::to_string(value); };
    const std::uint64_t faults =
        std::accumulate(figures.faults.begin(), figures.faults.end(), std::uint64_t{0});
    std::string text = number(figures.rounds) + " rounds in " + number(figures.worlds) +
                       " worlds, " + number(figures.operations) + " operations, " + number(faults) +
                       " faults, " + number(figures.overflows) + " queue overflows\n";
    for (std::size_t i = 0; i < fault_kinds; ++i)
        text += (i == 0 ? "  " : ", ") + number(figures.faults[i]) + " " +
                std::string(name_of(static_cast<Fault>(i)));
    return text + "\n" + number(figures.flushes) + " flushes after a round, the slowest " +
           number(figures.slowest_flush_ms) + " ms; " + number(figures.flushes_amid) +
           " amid faults, of which " + number(figures.flushes_amid_ok) +
           " said yes and were checked\n" + number(figures.failures) + " divergences\n";
}

}  // namespace lockstep::testing
