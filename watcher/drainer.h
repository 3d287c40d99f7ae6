// The thread that only reads inotify descriptors, so that the kernel's queues stay short.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>

namespace lockstep::watcher {

// One for the whole agent. A descriptor is added with a callback that gets the bytes as read, on
// the drain thread; the callback appends them to its owner's bounded buffer and returns. When that
// buffer is full the callback says so by returning false and reading of that descriptor pauses
// until resume().
class Drainer {
public:
    using OnBytes = std::function<bool(std::span<const std::byte> bytes)>;

    Drainer();
    ~Drainer();
    Drainer(const Drainer&) = delete;
    Drainer& operator=(const Drainer&) = delete;

    void add(int fd, OnBytes on_bytes);  // the fd stays the caller's
    void remove(int fd);                 // returns when no callback for it runs any more
    void resume(int fd);

    // Reads `fd` until it is empty and then calls `when_empty`, once, on the drain thread, after
    // the bytes of that reading were handed over. While the reading is paused it waits for
    // resume(); never called when the fd is removed first. Callbacks must not call the Drainer.
    void sync(int fd, std::function<void()> when_empty);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace lockstep::watcher
