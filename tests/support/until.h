// Waiting for a condition, with a bound; never a bare sleep.
#pragma once

#include <chrono>
#include <thread>

namespace lockstep::testing {

// Instrumented code is several times slower; a bound only says when to give up, so it may grow.
#if defined(__SANITIZE_ADDRESS__)
constexpr int patience = 4;
#else
constexpr int patience = 1;
#endif

// Asks every 2 ms until `condition` holds or `bound` (times patience) is over; true when it held.
template <class Condition>
bool until(Condition&& condition, std::chrono::milliseconds bound)
{
    const auto deadline = std::chrono::steady_clock::now() + bound * patience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() >= deadline) return condition();
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
}

}  // namespace lockstep::testing
