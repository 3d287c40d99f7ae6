// What a run amounted to, for the last lines of its output.
#pragma once

#include "tests/convergence/faults.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <string>

namespace lockstep::testing {

struct Figures {
    std::uint64_t worlds = 0;
    std::uint64_t rounds = 0;
    std::atomic<std::uint64_t> operations{0};  // that the kernel took
    std::array<std::uint64_t, fault_kinds> faults{};
    std::uint64_t flushes = 0;          // that had to succeed, and be true
    std::uint64_t flushes_amid = 0;     // asked while things went wrong
    std::uint64_t flushes_amid_ok = 0;  // of these, those that said yes: each was checked
    std::uint64_t overflows = 0;
    std::uint64_t failures = 0;
    std::uint64_t slowest_flush_ms = 0;
};

std::string describe(const Figures& figures);

}  // namespace lockstep::testing
