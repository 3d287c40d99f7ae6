// Reading on one thread, pausing, resuming, and reading until empty.
#include "watcher/drainer.h"

#include "tests/support/until.h"
#include "watcher/inbox.h"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <string>
#include <thread>

namespace {

using namespace lockstep::watcher;
using lockstep::testing::until;
using std::chrono::seconds;

struct Pipe {
    Pipe() { REQUIRE(::pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC) == 0); }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    ~Pipe()
    {
        ::close(ends[0]);
        ::close(ends[1]);
    }
    void write(const std::string& text) const
    {
        REQUIRE(::write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    }
    int fd() const { return ends[0]; }
    std::array<int, 2> ends{};
};

// A descriptor whose bytes are counted.
struct Counted {
    Counted()
    {
        drainer.add(pipe.fd(), [this](std::span<const std::byte> got) {
            bytes += got.size();
            return true;
        });
    }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    ~Counted() { drainer.remove(pipe.fd()); }

    const Pipe pipe;
    std::atomic<std::size_t> bytes{0};
    Drainer drainer;
};

TEST_CASE("what a descriptor gives is handed over by the drain thread", "[watcher][drainer]")
{
    Counted counted;

    counted.pipe.write("hello");

    CHECK(until([&] { return counted.bytes == 5; }, seconds(10)));
}

TEST_CASE("a full buffer pauses its own descriptor only, until it is resumed", "[watcher][drainer]")
{
    const Pipe full;
    const Pipe other;
    Drainer drainer;
    std::atomic<int> full_reads{0};
    std::atomic<int> other_reads{0};
    drainer.add(full.fd(), [&](std::span<const std::byte>) { return ++full_reads > 1; });
    drainer.add(other.fd(), [&](std::span<const std::byte>) { return ++other_reads > 0; });

    full.write("a");
    REQUIRE(until([&] { return full_reads == 1; }, seconds(10)));
    full.write("b");
    other.write("c");
    REQUIRE(until([&] { return other_reads == 1; }, seconds(10)));
    CHECK(full_reads == 1);

    drainer.resume(full.fd());
    CHECK(until([&] { return full_reads == 2; }, seconds(10)));
    drainer.remove(full.fd());
    drainer.remove(other.fd());
}

TEST_CASE("a sync comes after all that was there when it was asked for", "[watcher][drainer]")
{
    Counted counted;
    for (int round = 1; round <= 1000; ++round) {
        std::atomic<std::size_t> at_sync{0};
        std::atomic<bool> done{false};
        counted.pipe.write("x");
        counted.drainer.sync(counted.pipe.fd(), [&] {
            at_sync = counted.bytes.load();
            done = true;
        });
        REQUIRE(until([&] { return done.load(); }, seconds(10)));
        REQUIRE(at_sync == static_cast<std::size_t>(round));
    }
}

// Some of it is left to gather meanwhile.
TEST_CASE("all of a stream is read, with syncs in it and without", "[watcher][drainer]")
{
    std::atomic<int> syncs{0};
    Counted counted;
    int asked = 0;
    std::size_t written = 0;
    for (int round = 0; round < 20; ++round) {
        for (int i = 0; i < 20; ++i, ++written) {
            counted.pipe.write("x");
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        if (round % 2 == 0) {
            ++asked;
            counted.drainer.sync(counted.pipe.fd(), [&] { ++syncs; });
        } else {
            REQUIRE(until([&] { return counted.bytes == written; }, seconds(10)));
        }
    }
    CHECK(until([&] { return counted.bytes == written && syncs == asked; }, seconds(10)));
}

TEST_CASE("a sync of a paused descriptor waits until it is resumed", "[watcher][drainer]")
{
    const Pipe pipe;
    Drainer drainer;
    std::atomic<int> reads{0};
    drainer.add(pipe.fd(), [&](std::span<const std::byte>) { return ++reads > 1; });
    pipe.write("a");
    REQUIRE(until([&] { return reads == 1; }, seconds(10)));
    pipe.write("b");
    std::atomic<int> reads_at_sync{0};
    drainer.sync(pipe.fd(), [&] { reads_at_sync = reads.load(); });

    drainer.resume(pipe.fd());

    CHECK(until([&] { return reads_at_sync == 2; }, seconds(10)));
    drainer.remove(pipe.fd());
}

TEST_CASE("an inbox keeps marks between the bytes they were put between", "[watcher][inbox]")
{
    Inbox inbox;
    const std::array<std::byte, 3> bytes{};
    inbox.put(bytes);
    inbox.put_mark(7);
    inbox.put(bytes);

    Inbox::Content content;
    inbox.take(content);

    CHECK(content.bytes.size() == 6);
    REQUIRE(content.marks.size() == 1);
    CHECK(content.marks[0].at == 3);
    CHECK(content.marks[0].number == 7);
}

TEST_CASE("an inbox is readable exactly while there is something to take", "[watcher][inbox]")
{
    Inbox inbox;
    const auto readable = [&] {
        pollfd it{inbox.fd(), POLLIN, 0};
        return ::poll(&it, 1, 0) == 1;
    };
    CHECK_FALSE(readable());
    inbox.put_mark(1);
    inbox.wake();
    CHECK(readable());
    Inbox::Content content;
    inbox.take(content);
    CHECK_FALSE(readable());
    inbox.take(content);
    CHECK(content.marks.empty());
}

TEST_CASE("an inbox past its bound says so, and once taken it is not full", "[watcher][inbox]")
{
    Inbox inbox;
    const std::vector<std::byte> half(Inbox::bytes_max / 2);
    CHECK(inbox.put(half));
    CHECK_FALSE(inbox.put(half));
    Inbox::Content content;
    inbox.take(content);
    CHECK(content.was_full);
    CHECK(inbox.put(std::span(half).first(1)));
}

}  // namespace
