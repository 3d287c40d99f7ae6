// Starts a program without a shell, with nothing of ours but what it is given.
#pragma once

#include "base/fd.h"

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace lockstep {

// Of our descriptors it gets these three, of our blocked and ignored signals none.
struct Spawn {
    std::vector<std::string> argv;                        // argv[0] is looked up in our $PATH
    std::optional<std::vector<std::string>> environment;  // "NAME=value"; none: ours
    std::string directory;                                // empty: ours
    int input = -1;
    int output = -1;
    int errors = -1;
    // Else a process group of its own within ours, whose terminal it can ask.
    bool own_session = false;
};

// A program from its start until it is reaped: so long its number is no other's, nor as that of its
// group. It is killed with whatever it started when its owner goes before that.
class Spawned {
public:
    Spawned() = default;
    explicit Spawned(pid_t id) noexcept : id_(id) {}
    Spawned(Spawned&& other) noexcept;
    Spawned& operator=(Spawned&& other) noexcept;
    ~Spawned();

    pid_t id() const noexcept { return id_; }  // of its group too
    // To all of its group; to nobody once it is reaped.
    void signal(int number) const noexcept;
    // It can be reaped. Whoever waits for `ended` asks: a reactor may report what was another's.
    bool has_ended() const noexcept;
    // Its status as waitpid() gives it, once; none while it runs.
    std::optional<int> reap() noexcept;

    Fd ended;  // a pidfd, readable once it can be reaped: no SIGCHLD, which others may want

private:
    pid_t id_ = -1;
};

// Throws std::system_error; a program that is not there is ENOENT.
Spawned spawn(const Spawn& program);

// Never 0, 1 or 2, which a child's own take the place of. Throws std::system_error.
Fd above_standard(Fd fd);

}  // namespace lockstep
