// One world from its start to its end: rounds of writers and faults, each ending in step.
#pragma once

#include "tests/convergence/figures.h"
#include "tests/convergence/journal.h"
#include "tests/convergence/oracle.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace lockstep::testing {

struct RoundFailure {
    Failure failure;
    std::vector<Entries> earlier{};  // rounds that ended well
    Entries entries{};               // the round that did not
    std::vector<std::string> logs{};
};

// `stop` is asked between rounds. Never throws for what the agent does.
std::optional<RoundFailure> run_world(std::uint64_t seed, Figures& figures,
                                      const std::function<bool()>& stop);

// The operations of `earlier` make a source, which is brought in step; then `entries` are done with
// their pauses. What happens is not always what happened: writers were several.
std::optional<Failure> replay(const Setting& setting, const std::vector<Entries>& earlier,
                              const Entries& entries);

}  // namespace lockstep::testing
