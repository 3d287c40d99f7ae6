#include "tests/support/event_queue.h"

#include "base/fd.h"
#include "tests/support/temp_tree.h"

#include <fcntl.h>
#include <unistd.h>

namespace lockstep::testing {

void overflow_event_queue(const std::string& directory)
{
    // An instance has the bound that held when it was made; nobody lowers it.
    const std::string limit = read_file("/proc/sys/fs/inotify/max_queued_events");
    const std::uint64_t rounds = std::stoull(limit) / 2 + 1000;
    for (std::uint64_t i = 0; i < rounds; ++i) {
        // Two names in turn, for the kernel merges equal events; at least two events a round.
        const std::string path = directory + "/.noise" + std::to_string(i % 2);
        // Not blocking: somebody may put a FIFO there.
        const Fd file(
            ::open(path.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644));
        ::unlink(path.c_str());
    }
}

}  // namespace lockstep::testing
