// What goes wrong on purpose, and how it is put right.
#pragma once

#include "tests/convergence/world.h"

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::testing {

enum class Fault {
    agent_killed,
    agent_stopped,
    agent_frozen,
    agent_deafened,  // frozen until its event queue overflows
    agent_paused,
    agent_reloaded,  // with another configuration of the mapping
    agent_misconfigured,
    resync,
    daemon_killed,
    sessions_killed,
    sessions_frozen,  // for a moment, and not those that come meanwhile
    line_cut,
    line_cut_soon,  // after so many bytes, in mid-transfer
    line_dead,      // a black hole
    line_slow,
    line_late,
    line_refused,
    disk_full,
    disk_locked,  // a directory that nobody may change
    module_gone,
    module_read_only,
    source_away,
};
constexpr std::size_t fault_kinds = static_cast<std::size_t>(Fault::source_away) + 1;

std::string_view name_of(Fault fault);

// A beginning or an end, to be done again.
struct FaultStep {
    Fault fault = Fault::agent_killed;
    bool begins = true;
    std::uint64_t seed = 0;  // decides on which line, after how many bytes, …
    bool operator==(const FaultStep&) const = default;
};

// Not thread-safe; the processes it starts end with the thread that called.
class Faults {
public:
    explicit Faults(World& world) : world_(world) {}

    // False where it cannot be now, and nothing was done: it is going on already, takes root, or
    // asks a favour of an agent that is not there.
    bool take(const FaultStep& step);
    void heal_all();

    bool goes_on(Fault fault) const { return active_.contains(fault); }
    std::vector<Fault> active() const { return {active_.begin(), active_.end()}; }
    // An agent that should be there and take commands.
    bool agent_answers() const;
    bool agent_wanted() const;

private:
    bool possible(Fault fault) const;
    void begin(const FaultStep& step);
    void end(const FaultStep& step);
    void freeze_sessions(std::chrono::milliseconds duration) const;
    void deafen();
    void fill_disks() const;
    void lock_directory(std::uint64_t seed);
    void unlock_directory();
    Line& line(std::uint64_t seed);
    void apply_lines();
    void change_modules(const std::string& line);

    World& world_;
    std::set<Fault> active_;
    std::vector<Line> bad_;  // as the lines are now
    std::string locked_;
};

}  // namespace lockstep::testing
