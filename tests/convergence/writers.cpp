#include "tests/convergence/writers.h"

#include "tests/convergence/operation_maker.h"

#include <chrono>
#include <csignal>

namespace lockstep::testing {

Writers::Writers(std::string source, Journal& journal, Figures& figures, unsigned moves,
                 std::size_t count, std::uint64_t seed)
    : source_(std::move(source)), journal_(journal), figures_(figures), moves_(moves)
{
    std::signal(SIGIO, SIG_IGN);  // of a lease that somebody's open ends, see Operation
    for (std::size_t i = 0; i < count; ++i)
        threads_.emplace_back([this, own = seed + i * 7919] { write(own); });
}

Writers::~Writers()
{
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
}

// Bursts, and pauses in which the agent gets in step.
void Writers::write(std::uint64_t seed)
{
    OperationMaker maker(source_, seed, moves_);
    std::mt19937_64 pace(~seed);
    while (!stop_) {
        const Operation operation = maker.next();
        journal_.note(operation);
        if (perform(operation, source_)) ++figures_.operations;
        const std::uint64_t dice = pace() % 100;
        const std::uint64_t micros = dice < 60   ? pace() % 300
                                     : dice < 97 ? pace() % 4'000
                                                 : pace() % 80'000;
        std::this_thread::sleep_for(std::chrono::microseconds(micros));
    }
}

}  // namespace lockstep::testing
