#include "tests/convergence/faults.h"

#include "base/fd.h"
#include "tests/support/event_queue.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iterator>
#include <stdexcept>
#include <thread>

namespace lockstep::testing {

namespace {

using std::chrono::milliseconds;

}  // namespace

std::string_view name_of(Fault fault)
{
    constexpr std::string_view names[] = {
        "agent killed",     "agent stopped",   "agent frozen",      "agent deafened",
        "agent paused",     "agent reloaded",  "bad configuration", "resync",
        "daemon killed",    "sessions killed", "sessions frozen",   "line cut",
        "line cut soon",    "line dead",       "line slow",         "line late",
        "line refused",     "disk full",       "directory locked",  "module gone",
        "module read-only", "source away",
    };
    static_assert(std::size(names) == fault_kinds);
    return names[static_cast<std::size_t>(fault)];
}

bool Faults::agent_wanted() const
{
    return !goes_on(Fault::agent_killed) && !goes_on(Fault::agent_stopped);
}

bool Faults::agent_answers() const
{
    return agent_wanted() && !goes_on(Fault::agent_frozen);
}

bool Faults::possible(Fault fault) const
{
    switch (fault) {
        case Fault::agent_killed:
        case Fault::agent_stopped:
            // It would not start again with nonsense.
            return agent_answers() && !goes_on(Fault::agent_misconfigured);
        case Fault::agent_frozen:
        case Fault::agent_deafened:
        case Fault::agent_paused:
        case Fault::agent_reloaded:
        case Fault::agent_misconfigured:
        case Fault::resync:
            return agent_answers();
        case Fault::disk_full:
        case Fault::disk_locked:
            return world_.own_disks;
        case Fault::sessions_killed:
        case Fault::sessions_frozen:
            return !goes_on(Fault::daemon_killed);
        case Fault::module_gone:
            return !goes_on(Fault::module_read_only);
        case Fault::module_read_only:
            return !goes_on(Fault::module_gone);
        case Fault::daemon_killed:
        case Fault::line_cut:
        case Fault::line_cut_soon:
        case Fault::line_dead:
        case Fault::line_slow:
        case Fault::line_late:
        case Fault::line_refused:
        case Fault::source_away:
            return true;
    }
    return false;
}

bool Faults::take(const FaultStep& step)
{
    if (step.begins == goes_on(step.fault)) return false;
    if (step.begins && !possible(step.fault)) return false;
    if (step.begins) {
        active_.insert(step.fault);
        begin(step);
    } else {
        end(step);
        active_.erase(step.fault);
    }
    return true;
}

void Faults::heal_all()
{
    for (const Fault fault : active()) take({fault, false, 0});
}

void Faults::begin(const FaultStep& step)
{
    Agent& agent = world_.agent;
    switch (step.fault) {
        case Fault::agent_killed:
            agent.kill9();
            break;
        case Fault::agent_stopped:
            if (const std::optional<int> code = agent.stop(); code != 0)
                throw std::runtime_error("the agent did not stop cleanly: " +
                                         (code ? std::to_string(*code) : "too late"));
            break;
        case Fault::agent_frozen:
            ::kill(agent.pid(), SIGSTOP);
            break;
        case Fault::agent_deafened:
            deafen();
            break;
        case Fault::agent_paused:
            agent.command({"pause", "web"});
            break;
        case Fault::agent_reloaded: {
            AgentConfig config = world_.config();
            config.mappings[0].lines.emplace_back("poll_interval: 29s");
            agent.write_config(config);
            agent.command({"reload"});
            break;
        }
        case Fault::agent_misconfigured:
            agent.write_raw_config("mappings: nonsense\n");
            agent.command({"reload"});
            break;
        case Fault::resync: {
            // It answers when it is done, which may be long: the ask is what counts.
            agent.command({"resync", "web"}, milliseconds(100));
            break;
        }
        case Fault::daemon_killed:
            world_.daemon.kill9();
            break;
        case Fault::sessions_killed:
            world_.daemon.kill_sessions();
            break;
        case Fault::sessions_frozen:
            freeze_sessions(milliseconds(50 + step.seed % 450));
            break;
        case Fault::line_cut:
            for (const auto& one : world_.lines) one->cut_all();
            break;
        case Fault::line_cut_soon: {
            Line& bad = line(step.seed);
            const std::uint64_t bytes = 1 + (step.seed >> 8) % 100'000;
            ((step.seed & 4) != 0 ? bad.cut_after_up : bad.cut_after_down) = bytes % 3'000 + 1;
            if ((step.seed & 8) != 0) bad.cut_after_up = bytes;
            apply_lines();
            break;
        }
        case Fault::line_dead:
            line(step.seed).black_hole = true;
            apply_lines();
            break;
        case Fault::line_slow:
            line(step.seed).bytes_per_second = 20'000 + (step.seed >> 8) % 200'000;
            apply_lines();
            break;
        case Fault::line_late: {
            Line& bad = line(step.seed);
            bad.delay_up = bad.delay_down = milliseconds(5 + (step.seed >> 8) % 60);
            apply_lines();
            break;
        }
        case Fault::line_refused:
            line(step.seed).refuse = true;
            apply_lines();
            break;
        case Fault::disk_full:
            fill_disks();
            break;
        case Fault::disk_locked:
            lock_directory(step.seed);
            break;
        case Fault::module_gone:
            world_.daemon.set_modules({{.name = "other", .path = world_.disk(0)}});
            break;
        case Fault::module_read_only:
            change_modules("read only = yes");
            break;
        case Fault::source_away:
            ::rename(world_.source().c_str(), world_.aside().c_str());
            break;
    }
}

void Faults::end(const FaultStep& step)
{
    Agent& agent = world_.agent;
    switch (step.fault) {
        case Fault::agent_killed:
        case Fault::agent_stopped:
            agent.start();
            break;
        case Fault::agent_frozen:
            ::kill(agent.pid(), SIGCONT);
            break;
        case Fault::agent_paused:
            agent.command({"resume", "web"});
            break;
        case Fault::agent_reloaded:
        case Fault::agent_misconfigured:
            agent.write_config(world_.config());
            if (agent_answers()) agent.command({"reload"});
            break;
        case Fault::daemon_killed:
            world_.daemon.start();
            break;
        case Fault::line_cut_soon:
        case Fault::line_dead:
        case Fault::line_slow:
        case Fault::line_late:
        case Fault::line_refused:
            bad_.assign(world_.lines.size(), Line{});
            apply_lines();
            break;
        case Fault::disk_full:
            for (std::size_t i = 0; i < world_.lines.size(); ++i)
                ::unlink((world_.disk(i) + "/ballast").c_str());
            break;
        case Fault::disk_locked:
            unlock_directory();
            break;
        case Fault::module_gone:
        case Fault::module_read_only:
            world_.daemon.set_modules(world_.modules());
            break;
        case Fault::source_away:
            ::rename(world_.aside().c_str(), world_.source().c_str());
            break;
        case Fault::agent_deafened:
        case Fault::resync:
        case Fault::sessions_killed:
        case Fault::sessions_frozen:
        case Fault::line_cut:
            break;
    }
}

// Less than an agent waits for one that it has lost (agent/aftermath.h): nobody tells it more.
void Faults::freeze_sessions(milliseconds duration) const
{
    world_.daemon.signal_sessions(SIGSTOP);
    std::this_thread::sleep_for(duration);
    world_.daemon.signal_sessions(SIGCONT);
}

void Faults::deafen()
{
    ::kill(world_.agent.pid(), SIGSTOP);
    overflow_event_queue(world_.source());
    // What others do now is lost.
    ::usleep(100'000);
    ::kill(world_.agent.pid(), SIGCONT);
}

void Faults::fill_disks() const
{
    for (std::size_t i = 0; i < world_.lines.size(); ++i) {
        const std::string path = world_.disk(i) + "/ballast";
        const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        for (off_t step = 1 << 20, at = 0; step > 0;) {
            if (::fallocate(file.get(), 0, at, step) == 0)
                at += step;
            else
                step = step > 4096 ? step / 4 : 0;
        }
    }
}

// The first directory of the destination, or all of it.
void Faults::lock_directory(std::uint64_t seed)
{
    const std::string module = world_.destination(seed % world_.lines.size());
    locked_ = module;
    for (const std::string& name : names_in(module)) {
        const std::string path = module + "/" + name;
        struct stat status {};
        if (::lstat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) continue;
        if ((seed & 16) != 0) locked_ = path;
        break;
    }
    set_immutable(locked_, true);
}

void Faults::unlock_directory()
{
    set_immutable(locked_, false);
}

Line& Faults::line(std::uint64_t seed)
{
    bad_.resize(world_.lines.size());
    return bad_[seed % bad_.size()];
}

void Faults::apply_lines()
{
    for (std::size_t i = 0; i < world_.lines.size(); ++i) world_.lines[i]->set(bad_[i]);
}

void Faults::change_modules(const std::string& line)
{
    std::vector<Module> modules = world_.modules();
    for (Module& module : modules) module.lines.push_back(line);
    world_.daemon.set_modules(std::move(modules));
}

}  // namespace lockstep::testing
