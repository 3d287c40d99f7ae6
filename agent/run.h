// `lockstep run`: the daemon in the foreground.
#pragma once

#include <string>

namespace lockstep::agent {

// 0 after SIGTERM or SIGINT, 2 for a bad configuration, 1 when it could not start.
int run(const std::string& config_file);

}  // namespace lockstep::agent
