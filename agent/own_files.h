// What we write ourselves, inside a source, by whatever way it is reached.
#pragma once

#include "config/config.h"

#include <string>
#include <vector>

namespace lockstep::agent {

// A sentence for each of state_dir, socket and log that lies in a mapping's source and is not
// excluded there: every write of ours would be sent, and cause the next. So for each file://
// destination of a mapping that lies in its source, or holds it. The configuration's own
// check compares names; this one asks the file system, so symlinks and bind mounts of the source
// count. What does not exist yet lies where its nearest directory does.
std::vector<std::string> own_files_inside(const config::Config& config);

}  // namespace lockstep::agent
