// Mounts and unmounts at or below a source: the kernel tells them nowhere in inotify.
#pragma once

#include "base/fd.h"

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lockstep::watcher {

// The mount points below `directory` (absolute, canonical), relative to it, each with the kernel's
// number for the mount: lines of /proc/self/mountinfo as proc(5) describes them.
using MountSet = std::set<std::pair<std::string, std::string>>;  // path, mount id
MountSet mounts_below(std::string_view mountinfo, std::string_view directory);

// Polled for POLLPRI, fd() is ready when anything was mounted or unmounted in this mount namespace.
class Mounts {
public:
    Mounts();

    int fd() const noexcept { return mountinfo_.get(); }  // -1 where /proc is not there

    // Forgets what was seen below another directory; `source` may be reached through symlinks.
    void follow(const std::string& source);
    // Relative paths of mount points that came or went since the last call.
    std::vector<std::string> changed();

private:
    MountSet read() const;

    Fd mountinfo_;
    std::string directory_;
    MountSet seen_;
};

}  // namespace lockstep::watcher
