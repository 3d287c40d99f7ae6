// One source directory under watch: kernel events in, Changes out, in order.
#pragma once

#include "watcher/change.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::watcher {

class Drainer;  // watcher/drainer.h: the one thread that reads every inotify descriptor

struct WatchOptions {
    std::string source{};  // absolute
    bool one_file_system = true;
    // True for a path that is neither watched, nor listed, nor reported. Called on the watch thread
    // with the path relative to the source; its ancestors are not excluded.
    std::function<bool(std::string_view path, bool directory)> excluded{};
    std::chrono::milliseconds move_wait{10};  // an unpaired moved_from is a delete after this long
    std::chrono::milliseconds poll_interval{
        30'000};  // unwatched and unreadable directories, missing root
    std::chrono::milliseconds root_retry{1000};
    // No watches at all, but a `subtree` change for the whole source every poll_interval and before
    // each barrier: always, or where the kernel does not see what changes (watcher/limits.h).
    enum class Poll { where_blind, never, always };
    Poll poll = Poll::never;
};

// Read by any thread, at any time.
struct WatchFigures {
    std::uint64_t directories = 0;  // known
    std::uint64_t watches = 0;      // held in the kernel
    std::uint64_t unwatched = 0;    // beyond the kernel's limit: polled
    std::uint64_t entries = 0;      // files, links and directories seen by the last scan
    bool polled = false;            // the whole source is: there are no watches
    std::uint64_t overflows = 0;
    std::uint64_t created = 0;
    std::uint64_t modified = 0;
    std::uint64_t moved = 0;
    std::uint64_t deleted = 0;
    std::uint64_t attrib = 0;
};

// Owns the inotify instance and one thread that translates events, walks new directories and adds
// watches (watch, then list: invariant I3). `sink` is called on that thread with changes in order,
// a batch a call; it must hand them over and return.
//
// Construction throws Error(local, needs_person) when the kernel has no inotify instance left,
// naming fs.inotify.max_user_instances, its value and the cure. A missing source is not an error:
// `root_lost` comes first and `live` when it is there.
class SourceWatch {
public:
    using Sink = std::function<void(std::vector<Change> changes)>;

    SourceWatch(Drainer& drainer, WatchOptions options, Sink sink);
    ~SourceWatch();  // ends the thread; no call of `sink` afterwards
    SourceWatch(const SourceWatch&) = delete;
    SourceWatch& operator=(const SourceWatch&) = delete;

    // Reads the kernel's queue empty, translates it, and then reports barrier(number). Any thread.
    void barrier(std::uint64_t number);

    // The source may be another directory now: looks at once, and before the next barrier. Any
    // thread.
    void check_root();

    WatchFigures figures() const;

    // Empty, or a sentence for people that names the kernel's limit and the sysctl line that cures
    // it, while directories are polled for want of watches. Any thread.
    std::string limits_advice() const;

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace lockstep::watcher
