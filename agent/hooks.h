// The commands a mapping runs when something has happened at a destination.
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace lockstep::agent {

// Of two about one destination the later holds, with the paths of both.
struct Occasion {
    std::string destination;  // its URL, which has no password
    std::string state;
    std::string error_kind;  // empty: no error
    std::string error;
    std::set<std::string> paths;  // relative to the source; a directory stands for what is below
    bool paths_left_out = false;  // there were too many: anything may have changed
};

struct HookLimits {
    std::chrono::milliseconds run{60'000};    // then SIGTERM
    std::chrono::milliseconds grace{5000};    // then SIGKILL
    std::chrono::milliseconds at_stop{1000};  // the grace when the agent stops
    std::chrono::milliseconds between{1000};  // from one start to the next
    std::size_t path_bytes = 1024 * 1024;     // of an occasion's paths
    std::size_t output_bytes = 4096;          // kept for the log; the rest is read and dropped
};

// One command, executed without a shell: as a process group of its own, in "/", with the
// descriptors 0 to 2 and an environment of PATH and LOCKSTEP_*. Standard input is one JSON object.
// Never runs twice at a time: what happens meanwhile leads to one more run for each destination
// concerned. On one thread, which it never makes wait for the command.
class Hook {
public:
    // `argv` empty: nothing is ever run.
    Hook(boost::asio::any_io_executor executor, std::string name, std::vector<std::string> argv,
         std::string mapping, HookLimits limits = {});
    ~Hook();
    Hook(const Hook&) = delete;
    Hook& operator=(const Hook&) = delete;

    bool wanted() const;
    void occurred(Occasion occasion);
    // Ends what runs, at the latest after `at_stop`; nothing is started any more.
    void stop();

private:
    struct State;
    std::shared_ptr<State> state_;
};

// Why nothing could be run by this path; empty when it looks like a program that we may run.
std::string why_not_a_program(const std::string& path);

}  // namespace lockstep::agent
