// What a dirty set of a million paths costs: resident bytes, time to mark a path, time to take and
// settle one.
//
//   cmake -S . -B build/bench -G Ninja -DCMAKE_BUILD_TYPE=Release -DLOCKSTEP_BENCH=ON
//   cmake --build build/bench --target dirty_bench && build/bench/tests/bench/dirty_bench
#include "agent/plan/dirty_set.h"

#include <benchmark/benchmark.h>
#include <malloc.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace lockstep::plan {
namespace {

constexpr std::size_t paths_max = 1'000'000;
constexpr std::size_t batch_paths = 10'000;

// In an order that is not theirs: as events come, not as a walk does.
std::vector<std::string> paths_of(std::size_t count, std::size_t path_bytes)
{
    std::vector<std::string> paths;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t n = i * 7'919 % count;
        char path[64];
        std::snprintf(path, sizeof path, "d%04zu/d%04zu/some-file-name-%09zu.dat", n / 10'000,
                      n / 100 % 100, n);
        paths.emplace_back(path);
        paths.back().insert(12, path_bytes - paths.back().size(), 'x');
    }
    return paths;
}

double resident_bytes()
{
    std::size_t size = 0;
    std::size_t resident = 0;
    std::ifstream("/proc/self/statm") >> size >> resident;
    return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

void fill(DirtySet& set, const std::vector<std::string>& paths, Look look)
{
    const TimePoint start = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < paths.size(); ++i)
        set.add(paths[i], look, start + std::chrono::microseconds(i));
}

benchmark::Counter seconds_each(std::size_t paths)
{
    return {static_cast<double>(paths),
            benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert};
}

void mark(benchmark::State& state)
{
    const auto paths = paths_of(paths_max, static_cast<std::size_t>(state.range(0)));
    double resident = 0;
    for (auto _ : state) {
        state.PauseTiming();
        ::malloc_trim(0);
        const double before = resident_bytes();
        auto set = std::make_unique<DirtySet>(paths_max);
        state.ResumeTiming();
        fill(*set, paths, Look::content);
        state.PauseTiming();
        resident = resident_bytes() - before;
        set.reset();
        state.ResumeTiming();
    }
    state.counters["mark"] = seconds_each(paths_max);
    state.counters["resident_bytes"] = resident;
}
BENCHMARK(mark)->Arg(40)->Arg(60)->Unit(benchmark::kMillisecond);

// With listings alone too, of which more are due than a batch takes.
void take_and_settle(benchmark::State& state)
{
    const auto paths = paths_of(static_cast<std::size_t>(state.range(0)), 60);
    const auto look = static_cast<Look>(state.range(1));
    for (auto _ : state) {
        state.PauseTiming();
        auto set = std::make_unique<DirtySet>(paths_max);
        fill(*set, paths, look);
        const TimePoint now = std::chrono::steady_clock::now();
        state.ResumeTiming();
        while (!set->empty()) set->settle(set->take(batch_paths, now), {}, now);
    }
    state.counters["take_and_settle"] = seconds_each(paths.size());
}
BENCHMARK(take_and_settle)
    ->Args({10'000, static_cast<int>(Look::content)})
    ->Args({100'000, static_cast<int>(Look::content)})
    ->Args({1'000'000, static_cast<int>(Look::content)})
    ->Args({1'000'000, static_cast<int>(Look::listing)})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace lockstep::plan
