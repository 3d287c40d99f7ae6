// The bounded buffer between the drain thread and a source's own thread.
#pragma once

#include "base/fd.h"

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

namespace lockstep::watcher {

// Bytes as the kernel gave them, and marks between them. Its descriptor is readable while there is
// something to take or somebody called wake().
class Inbox {
public:
    static constexpr std::size_t bytes_max = 64 * 1024 * 1024;

    // All that stands before `at` bytes was in the kernel's queue when barrier(number) was called.
    struct Mark {
        std::size_t at = 0;
        std::uint64_t number = 0;
    };
    struct Content {
        std::vector<std::byte> bytes;
        std::vector<Mark> marks;
        bool was_full = false;  // the drain thread has stopped reading: tell it to resume
    };

    Inbox();

    // False when it is full now; what was put is kept all the same.
    bool put(std::span<const std::byte> bytes);
    void put_mark(std::uint64_t number);
    void wake();

    // Takes everything; `content` is overwritten, its memory reused.
    void take(Content& content);

    int fd() const noexcept { return event_.get(); }

private:
    void signal();

    Fd event_;
    std::mutex mutex_;
    Content content_;
    bool signalled_ = false;
};

}  // namespace lockstep::watcher
