// The command line as a value: what to do, with what.
#pragma once

#include <chrono>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace lockstep::cli {

inline constexpr std::string_view version_text = "lockstep 0.1.0, rsync protocol 27-32";

struct Run {
    std::string config;
    bool operator==(const Run&) const = default;
};

struct Check {
    std::string config;
    bool connect = false;
    std::optional<std::string> path;  // whether this would be sent, and which rule decides
    bool operator==(const Check&) const = default;
};

struct Sync {
    std::string config;
    std::vector<std::string> names;  // none: every mapping; so below
    bool operator==(const Sync&) const = default;
};

struct Status {
    std::vector<std::string> names;
    bool json = false;
    bool watch = false;
    std::string socket;
    bool operator==(const Status&) const = default;
};

struct Flush {
    std::vector<std::string> names;
    std::optional<std::chrono::milliseconds> timeout;  // none: as long as it takes
    std::string socket;
    bool operator==(const Flush&) const = default;
};

struct Resync {
    std::vector<std::string> names;  // at least one; so below
    bool accept_empty = false;
    std::string socket;
    bool operator==(const Resync&) const = default;
};

struct Pause {
    std::vector<std::string> names;
    std::string socket;
    bool operator==(const Pause&) const = default;
};

struct Resume {
    std::vector<std::string> names;
    bool accept_deletes = false;
    std::string socket;
    bool operator==(const Resume&) const = default;
};

struct Reload {
    std::string socket;
    bool operator==(const Reload&) const = default;
};

using Command = std::variant<Run, Check, Sync, Status, Flush, Resync, Pause, Resume, Reload>;

// Without a command everything is said already: exit with `exit_code`, 0 after --help and
// --version, 2 after wrong usage.
struct Parsed {
    std::optional<Command> command;
    int exit_code = 0;
};

Parsed parse(int argc, char** argv);
Parsed parse(int argc, const char* const* argv, std::ostream& out, std::ostream& err);

}  // namespace lockstep::cli
