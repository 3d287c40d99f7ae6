// What a test's agent is told, and the YAML that says it.
#pragma once

#include <string>
#include <vector>

namespace lockstep::testing {

struct AgentDestination {
    std::string url{};
    std::string password{};            // unless empty: becomes a password_file of mode 0600
    std::vector<std::string> lines{};  // "connections: 1": further keys of the destination
};

struct AgentMapping {
    std::string name{};
    std::string source{};
    std::vector<AgentDestination> destinations{};
    std::vector<std::string> lines{};  // "exclude: [\"*.tmp\"]": further keys of the mapping;
                                       // compress is none unless one says so
};

struct AgentConfig {
    std::vector<AgentMapping> mappings{};
    std::vector<std::string> service_lines{};  // "listen: 127.0.0.1:9477"
    std::vector<std::string> log_lines{};  // "format: json"; the level is debug unless one says so
    // Tests leave the kernel's limits as they are unless they say otherwise.
    std::vector<std::string> inotify_lines{"max_user_watches: keep", "max_user_instances: keep",
                                           "max_queued_events: keep"};
    std::vector<std::string> lines;  // further top-level ones, "defaults: {delete: false}"
};

// One mapping named `name` to the urls.
AgentConfig config_of(const std::string& name, const std::string& source,
                      const std::vector<std::string>& urls,
                      const std::vector<std::string>& mapping_lines = {});

// A double-quoted YAML scalar.
std::string yaml_quoted(const std::string& text);

// Passwords are written as files below `directory`.
std::string yaml_of(const AgentConfig& config, const std::string& directory);

}  // namespace lockstep::testing
