// `lockstep check`: the file, the kernel's limits, and with --connect every destination.
#pragma once

#include <optional>
#include <string>

namespace lockstep::agent {

struct CheckRequest {
    std::string config_file;
    bool connect = false;
    std::optional<std::string> path;  // say whether this path is sent, and which rule decides
};

// 0 fine, 1 a probe failed, 2 bad configuration. Speaks on stdout, errors on stderr.
int check(const CheckRequest& request);

}  // namespace lockstep::agent
