// Whether a flush told the truth, by upstream rsync.
#pragma once

#include "tests/convergence/world.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lockstep::testing {

struct Failure {
    std::string
        kind;  // "divergence", "flush lied", "flush failed", "crash": equal ones are one bug
    std::string text;
    std::vector<std::string> paths{};  // that differ
};

// The agent that should be running is not: it crashed.
std::optional<Failure> check_running(const World& world);

// All is quiet and healed: a flush must succeed within `bound` (it may be asked again when it says
// no), and every destination is then equal, at once. `took` is how long the flush needed.
std::optional<Failure> check_in_step(World& world, std::chrono::milliseconds bound,
                                     std::chrono::milliseconds& took);

// Amid everything: writes `token` into the anchor and asks for a flush. It may say no. When it
// says yes, the token can be read at every destination. `said_yes` tells which.
std::optional<Failure> check_flush_amid(World& world, std::uint64_t token, bool& said_yes);

}  // namespace lockstep::testing
