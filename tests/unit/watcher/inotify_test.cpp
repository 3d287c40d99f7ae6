// A real inotify instance.
#include "watcher/inotify.h"

#include "base/fd.h"
#include "tests/support/temp_tree.h"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <set>
#include <thread>

using namespace lockstep;
using namespace lockstep::watcher;
using namespace lockstep::testing;

TEST_CASE("watching a directory again has no moment without a watch", "[watcher][inotify]")
{
    const TempDir dir;
    const Fd directory(::open(dir.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const Inotify inotify;
    const Watched first = inotify.add(directory.get());
    REQUIRE(first.wd >= 0);

    std::atomic<bool> done = false;
    std::atomic<bool> same = true;
    std::thread again([&] {
        while (!done)
            if (inotify.add(directory.get()).wd != first.wd) same = false;
    });
    std::set<std::string> seen;
    std::vector<std::byte> buffer(1 << 20);
    constexpr int rounds = 20;
    constexpr int names = 2000;  // fewer than the shortest queue takes
    for (int round = 0; round < rounds; ++round) {
        for (int i = 0; i < names; ++i) {
            const std::string name = std::to_string(round) + "." + std::to_string(i);
            ::mkdirat(directory.get(), name.c_str(), 0755);
        }
        for (;;) {
            const ssize_t got = ::read(inotify.fd(), buffer.data(), buffer.size());
            if (got <= 0) break;
            std::vector<Event> events;
            decode_events(std::span(buffer).first(static_cast<std::size_t>(got)), events);
            for (const Event& event : events) seen.emplace(event.name);
        }
    }
    done = true;
    again.join();

    CHECK(same);
    CHECK(seen.size() == std::size_t{rounds} * names);
}
