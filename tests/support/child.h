// A process that a test starts: it never outlives the test.
#pragma once

#include "base/fd.h"

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lockstep::testing {

struct Command {
    std::vector<std::string> argv{};           // argv[0] is looked up in PATH
    std::vector<std::string> env{};            // "NAME=value", over the test's own environment
    std::string directory{};                   // empty: the test's
    std::optional<std::string> stdout_file{};  // appended to; none: kept in memory, see out()
    std::optional<std::string> stderr_file{};  // likewise; may be the same file
    std::optional<uid_t> uid{};                // with gid: dropped to, without supplementary groups
    std::optional<gid_t> gid{};
};

// Runs in a process group of its own; the group gets SIGKILL in the destructor, and the process
// itself when the thread that started it ends. stdin is /dev/null. The constructor throws when exec
// fails.
class Child {
public:
    explicit Child(const Command& command);
    ~Child();
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    pid_t pid() const noexcept { return pid_; }
    bool running();

    // The exit code, or 128 + the signal that ended it; none when it still runs after `bound`.
    std::optional<int> wait(std::chrono::milliseconds bound);
    void signal(int number) const;  // to the process alone
    void kill_group();              // SIGKILL to it and whatever it forked, and reaps it

    // What it has written so far, where no file was named.
    std::string out() const;
    std::string err() const;

private:
    pid_t pid_ = -1;
    Fd pidfd_;
    Fd out_;
    Fd err_;
    std::optional<int> result_;
    bool reaped_ = false;
};

struct Output {
    int exit_code = -1;  // -1: did not end within the bound, was killed
    std::string out;
    std::string err;
};

// Runs a command to its end.
Output run(const Command& command, std::chrono::milliseconds bound = std::chrono::seconds(60));
Output run(const std::vector<std::string>& argv);

// The processes of a group other than its leader (the sessions of a daemon, say).
std::vector<pid_t> group_members(pid_t leader);

// The processes that a process started, and those that they did; zombies too.
std::vector<pid_t> descendants(pid_t ancestor);
bool runs(pid_t pid);  // a zombie does not

// From /proc; 0 when the process is gone.
std::uint64_t resident_bytes(pid_t pid);
std::uint64_t peak_resident_bytes(pid_t pid);   // since it started
std::chrono::milliseconds cpu_time(pid_t pid);  // user + system, 10 ms ticks
std::size_t open_descriptors(pid_t pid);

}  // namespace lockstep::testing
