// What a run plays with: a source, a daemon, a line to each of its modules, an agent.
#pragma once

#include "tests/support/agent.h"
#include "tests/support/mount.h"
#include "tests/support/proxy.h"
#include "tests/support/real_daemon.h"
#include "tests/support/temp_tree.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lockstep::testing {

// What differs from one run to the next, drawn from its seed.
struct Setting {
    std::size_t destinations = 1;
    bool excludes = false;
    unsigned moves = 1;  // the weight of moves among the operations; more also makes larger files
    std::vector<std::string> mapping_lines{};
    bool operator==(const Setting&) const = default;
};
Setting setting_of(std::uint64_t seed);
std::string describe(const Setting& setting);

// Mapping "web" from source() to module m0 (and m1), each below a tmpfs of its own where mounting
// is allowed, each reached through a proxy of its own. The agent is not started.
class World {
public:
    explicit World(const Setting& setting);
    ~World();

    const Setting& setting() const { return setting_; }
    std::string source() const { return dir_ / "src"; }
    std::string destination(std::size_t number) const;    // the module's directory
    std::string disk(std::size_t number) const;           // the file system that it is on
    std::string aside() const { return dir_ / "aside"; }  // where the source may be moved away to
    std::vector<std::string> logs()
        const;  // what the agent and the daemon have said, and the trees

    std::vector<Module> modules() const;
    AgentConfig config() const;

private:
    static std::vector<Mount> mount_disks(const TempDir& dir, std::size_t count);
    static std::vector<std::unique_ptr<Proxy>> lines_to(const RealDaemon& daemon,
                                                        std::size_t count);

    Setting setting_;
    TempDir dir_;
    std::vector<Mount> disks_;

public:
    const bool own_disks;  // false: a disk is a plain directory
    RealDaemon daemon;
    std::vector<std::unique_ptr<Proxy>> lines;
    Agent agent;
};

}  // namespace lockstep::testing
