// One HTTP request to the daemon, over its unix socket.
#pragma once

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>

namespace lockstep::cli {

struct Question {
    std::string socket;
    std::string method;
    std::string target;
    std::string body;  // JSON, or empty
    std::optional<std::chrono::milliseconds>
        limit;  // for the whole answer; none: as long as it takes
};

struct Answer {
    unsigned status = 0;
    std::string body;
};

// Nobody there, or nobody who speaks HTTP; what() is a sentence that names the socket:
// "no daemon at /run/lockstep/status.sock: Connection refused".
class NoAnswer : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// Blocks. Any status is an answer.
Answer ask(const Question& question);

// A name as one segment of a target.
std::string percent_encoded(const std::string& name);

}  // namespace lockstep::cli
