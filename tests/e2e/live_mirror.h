// A source, a stock daemon and a running agent between them: where most of these tests start.
#pragma once

#include "tests/support/agent.h"
#include "tests/support/proxy.h"
#include "tests/support/real_daemon.h"
#include "tests/support/temp_tree.h"
#include "tests/support/tree_equal.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::testing {

// Lines of a module that takes every symlink as it is: without chroot, which takes root, a daemon
// rewrites those that lead out of the module.
std::vector<std::string> faithful();

struct MirrorOptions {
    std::optional<uid_t> uid{};                // of the agent; the daemon stays root
    std::vector<std::string> under{};          // see AgentOptions
    std::vector<std::string> mapping_lines{};  // "exclude: [\"*.tmp\"]"
    // Fills the source before the agent starts.
    std::function<void(const std::string& source)> before{};
    bool over_proxy = false;  // see LiveMirror::proxy
};

// Mapping "web" to the faithful module "m". The agent is up when the constructor returns, the
// source not yet in step.
class LiveMirror {
public:
    explicit LiveMirror(MirrorOptions options = {});

    std::string source(std::string_view below = "") const;
    std::string dest(std::string_view below = "") const;
    std::string outside(std::string_view below) const;  // same file system, in no mapping

    // After a flush, what differs: nothing when all is well, and a line when the flush failed.
    Lines flushed_differences();
    Lines differences() const { return tree_differences(source(), dest()); }

    // Of the status.
    std::uint64_t watches() const;
    std::uint64_t sent(const std::string& counter) const;  // "sessions", "files_sent"
    // How often the source was found and compared as a whole: once, unless events were lost.
    std::size_t full_compares() const;

private:
    static AgentConfig config(const LiveMirror& mirror, const MirrorOptions& options);
    static std::string prepared(const TempDir& dir, const MirrorOptions& options);

    TempDir dir_;
    std::string source_;

public:
    RealDaemon daemon;
    std::unique_ptr<Proxy> proxy;  // between the two; null: none was asked for
    Agent agent;
};

}  // namespace lockstep::testing
