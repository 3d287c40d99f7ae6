// What was done in a run, in order: enough to do it again.
#pragma once

#include "tests/convergence/faults.h"
#include "tests/convergence/operation.h"

#include <chrono>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

namespace lockstep::testing {

struct Entry {
    std::chrono::microseconds at{0};  // since the round began
    std::variant<Operation, FaultStep> what{};
};
using Entries = std::vector<Entry>;

std::string describe(const Entry& entry);

// Those that name one of the paths, something below it or above it; and every fault.
Entries concerning(const Entries& entries, const std::vector<std::string>& paths);

// Written by several threads at once; the order is that of the calls.
class Journal {
public:
    void begin_round();
    void note(std::variant<Operation, FaultStep> what);
    Entries entries() const;  // of the round

private:
    mutable std::mutex mutex_;
    std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
    Entries entries_;
};

}  // namespace lockstep::testing
