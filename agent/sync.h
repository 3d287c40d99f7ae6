// `lockstep sync`: one full synchronisation, without a daemon.
#pragma once

#include <string>
#include <vector>

namespace lockstep::agent {

// Every mapping, or the named ones; all destinations at once. A progress bar on a terminal, plain
// lines otherwise. 0 all in step, 1 something was not sent, 2 bad configuration or an unknown name.
int sync(const std::string& config_file, const std::vector<std::string>& names);

}  // namespace lockstep::agent
