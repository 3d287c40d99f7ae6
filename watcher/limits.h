// fs.inotify.*: read, raised where asked and allowed, and what to tell people otherwise.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace lockstep::watcher {

struct InotifyLimits {
    std::uint64_t max_user_watches = 0;
    std::uint64_t max_user_instances = 0;
    std::uint64_t max_queued_events = 0;
    bool operator==(const InotifyLimits&) const = default;
};

// Throws Error(local) when /proc/sys/fs/inotify cannot be read.
InotifyLimits read_limits();

// Raises each limit that is lower than asked; never lowers one. Returns a sentence for each that
// could not be raised (naming the sysctl line that cures it), empty when all is well.
struct LimitsWanted {
    std::optional<std::uint64_t> max_user_watches;
    std::optional<std::uint64_t> max_user_instances;
    std::optional<std::uint64_t> max_queued_events;
};
std::string raise_limits(const LimitsWanted& wanted);

// A file system whose changes the kernel cannot see all of (NFS, SMB, FUSE, 9p, overlay …): its
// name; empty when inotify is enough.
std::string unwatchable_file_system(const std::string& absolute_path);

// True on those whose changes it may see none of (an overlay shows at least its own).
bool changes_unseen(const std::string& absolute_path);

}  // namespace lockstep::watcher
