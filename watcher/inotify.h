// The inotify descriptor, and the kernel's bytes turned into our own events by a pure function.
#pragma once

#include "base/fd.h"
#include "base/working_directory.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace lockstep::watcher {

enum class EventKind : std::uint8_t {
    create,
    modify,
    close_write,
    attrib,
    moved_from,
    moved_to,
    deleted,
    delete_self,
    move_self,
    unmount,
    ignored,
    overflow,
};

// One thing that happened, as inotify(7) tells it. `name` is empty when the event is about the
// watched directory itself; it points into the bytes it was decoded from.
struct Event {
    int wd = -1;
    EventKind kind = EventKind::create;
    bool directory = false;
    std::uint32_t cookie = 0;
    std::string_view name{};
    bool operator==(const Event&) const = default;
};

// Appends what `bytes` holds to `out` and returns how many bytes that took: less than all of them
// when the last event is cut or its length says more than is there. Kinds we never asked for are
// left out.
std::size_t decode_events(std::span<const std::byte> bytes, std::vector<Event>& out);

// What inotify_add_watch gave: a watch descriptor, or the errno that says why not.
struct Watched {
    int wd = -1;
    int error = 0;
};

// One inotify instance. Construction throws Error(local, needs_person) when the kernel has none
// left. Closing it ends every watch it holds.
class Inotify {
public:
    Inotify();

    int fd() const noexcept { return fd_.get(); }

    // Watches the directory that `directory` holds open, whatever its name is by now, so that no
    // symlink is followed. A directory that is watched already answers with the wd it has. Needs
    // /proc, unless the calling thread goes there itself.
    Watched add(int directory) const;
    // From now on the calling thread, which alone adds watches, has a working directory of its own
    // and adds a watch by going there: half the cost of the way through /proc. Nothing changes
    // where the kernel refuses.
    void go_there();
    // Back to "/", so that nothing is held in use. The same thread.
    void come_back() const;
    // Silent: a watch the kernel has ended by itself is no error.
    void remove(int wd) const;
    // Each of them makes the kernel queue an event of its own, so after some thousands this waits
    // (a second at most) for whoever reads the queue, lest it overflow.
    void remove_all(const std::vector<int>& wds) const;

    // Bytes waiting in the kernel's queue.
    std::size_t queued_bytes() const;

private:
    int watch(const char* path) const;

    Fd fd_;
    bool goes_there_ = false;
    mutable WorkingDirectory there_;
};

}  // namespace lockstep::watcher
