#include "tests/convergence/run.h"

#include "tests/convergence/writers.h"

#include <csignal>
#include <random>
#include <thread>

namespace lockstep::testing {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

// After the last fault is healed. A daemon may still hold the end of a dead connection (5 s), and
// the agent its own (5 s).
constexpr seconds flush_bound{60};
constexpr seconds replay_flush_bound{20};
constexpr int rounds_max = 6;
constexpr std::size_t writers_max = 4;
constexpr std::size_t faults_at_once_max = 2;
constexpr milliseconds round_min{400};
constexpr milliseconds round_more{2600};

std::optional<Failure> as_failure(const std::exception& error)
{
    return Failure{"command failed", error.what()};
}

// One round's faults, struck and healed at random until its time is over.
class Turbulence {
public:
    Turbulence(World& world, Faults& faults, Journal& journal, Figures& figures, std::uint64_t seed)
        : world_(world), faults_(faults), journal_(journal), figures_(figures), random_(seed)
    {
    }

    std::optional<Failure> rage(milliseconds duration)
    {
        const Clock::time_point end = Clock::now() + duration;
        while (Clock::now() < end) {
            std::this_thread::sleep_for(milliseconds(below(below(4) == 0 ? 400 : 60)));
            if (faults_.agent_wanted())
                if (auto crash = check_running(world_)) return crash;
            if (auto failure = next()) return failure;
        }
        return std::nullopt;
    }

private:
    std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

    std::optional<Failure> next()
    {
        const std::vector<Fault> active = faults_.active();
        if (below(5) == 0 && faults_.agent_answers()) return flush_amid();
        if (!active.empty() && (active.size() >= faults_at_once_max || below(2) == 0)) {
            take({active[below(active.size())], false, 0});
            return std::nullopt;
        }
        take({static_cast<Fault>(below(fault_kinds)), true, random_()});
        return std::nullopt;
    }

    void take(const FaultStep& step)
    {
        journal_.note(step);
        if (faults_.take(step) && step.begins)
            ++figures_.faults[static_cast<std::size_t>(step.fault)];
    }

    std::optional<Failure> flush_amid()
    {
        bool said_yes = false;
        auto failure = check_flush_amid(world_, ++figures_.flushes_amid, said_yes);
        if (said_yes) ++figures_.flushes_amid_ok;
        return failure;
    }

    World& world_;
    Faults& faults_;
    Journal& journal_;
    Figures& figures_;
    std::mt19937_64 random_;
};

std::uint64_t overflows_of(const World& world)
{
    const boost::json::object status = world.agent.status();
    if (status.empty()) return 0;
    return status.at("inotify").at("queue_overflows").to_number<std::uint64_t>();
}

std::optional<Failure> run_round(World& world, Journal& journal, Figures& figures,
                                 std::mt19937_64& random)
{
    Faults faults(world);
    std::optional<Failure> failure;
    journal.begin_round();
    try {
        {
            const Writers writers(world.source(), journal, figures, world.setting().moves,
                                  1 + random() % writers_max, random());
            Turbulence turbulence(world, faults, journal, figures, random());
            failure = turbulence.rage(round_min + milliseconds(random() % round_more.count()));
        }
        faults.heal_all();
        if (failure) return failure;
        milliseconds took{};
        failure = check_in_step(world, flush_bound, took);
        ++figures.flushes;
        figures.slowest_flush_ms =
            std::max(figures.slowest_flush_ms, static_cast<std::uint64_t>(took.count()));
        figures.overflows += overflows_of(world);
    } catch (const std::exception& error) {
        failure = as_failure(error);
    }
    return failure;
}

void perform_all(const Entries& entries, const std::string& source)
{
    for (const Entry& entry : entries)
        if (const auto* operation = std::get_if<Operation>(&entry.what))
            perform(*operation, source);
}

}  // namespace

std::optional<RoundFailure> run_world(std::uint64_t seed, Figures& figures,
                                      const std::function<bool()>& stop)
{
    World world(setting_of(seed));
    ++figures.worlds;
    std::mt19937_64 random(seed);
    Journal journal;
    std::vector<Entries> earlier;
    world.agent.start();
    for (int round = 0; round < rounds_max && !stop(); ++round) {
        ++figures.rounds;
        auto failure = run_round(world, journal, figures, random);
        if (failure) {
            ++figures.failures;
            return RoundFailure{std::move(*failure), std::move(earlier), journal.entries(),
                                world.logs()};
        }
        earlier.push_back(journal.entries());
    }
    if (const std::optional<int> code = world.agent.stop(); code != 0) {
        ++figures.failures;
        return RoundFailure{{"stop failed", code ? std::to_string(*code) : "too late"},
                            std::move(earlier),
                            {},
                            world.logs()};
    }
    return std::nullopt;
}

std::optional<Failure> replay(const Setting& setting, const std::vector<Entries>& earlier,
                              const Entries& entries)
{
    World world(setting);
    for (const Entries& round : earlier) perform_all(round, world.source());
    try {
        world.agent.start();
        milliseconds took{};
        if (auto failure = check_in_step(world, replay_flush_bound, took)) return failure;
        Faults faults(world);
        const Clock::time_point begun = Clock::now();
        for (const Entry& entry : entries) {
            std::this_thread::sleep_until(begun + entry.at);
            if (const auto* operation = std::get_if<Operation>(&entry.what))
                perform(*operation, world.source());
            else
                faults.take(std::get<FaultStep>(entry.what));
            if (faults.agent_wanted())
                if (auto crash = check_running(world)) return crash;
        }
        faults.heal_all();
        return check_in_step(world, replay_flush_bound, took);
    } catch (const std::exception& error) {
        return as_failure(error);
    }
}

}  // namespace lockstep::testing
