// Several threads that change the source at the same time.
#pragma once

#include "tests/convergence/figures.h"
#include "tests/convergence/journal.h"

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace lockstep::testing {

// They write into the journal what they do, before they do it, until the destructor joins them.
class Writers {
public:
    Writers(std::string source, Journal& journal, Figures& figures, unsigned moves,
            std::size_t count, std::uint64_t seed);
    ~Writers();
    Writers(const Writers&) = delete;
    Writers& operator=(const Writers&) = delete;

private:
    void write(std::uint64_t seed);

    const std::string source_;
    Journal& journal_;
    Figures& figures_;
    unsigned moves_;
    std::atomic<bool> stop_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace lockstep::testing
