// A TCP proxy on loopback that makes a line as bad as a test needs it.
#pragma once

#include "tests/support/sockets.h"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace lockstep::testing {

// "up" is from the client towards the daemon. May be changed while the proxy runs: delays and the
// throttle count for bytes that arrive from then on.
struct Line {
    std::chrono::milliseconds first_byte_delay{0};  // of the daemon's first bytes (its greeting)
    std::chrono::milliseconds delay_up{0};
    std::chrono::milliseconds delay_down{0};
    std::optional<std::uint64_t> cut_after_up{};  // a connection is reset once it carried as much
    std::optional<std::uint64_t> cut_after_down{};
    std::optional<std::uint64_t> bytes_per_second{};  // each direction of each connection
    // What the daemon says behind the first of these waits for a word of the client's: as if the
    // daemon waited for an acknowledgement, and the line were slow to give one without data.
    std::optional<std::string> hold_down_after{};
    // In place of the first line of either end: what both take for the other's greeting.
    std::optional<std::string> greeting{};
    bool black_hole = false;  // accepts and goes on holding, but forwards nothing
    bool refuse = false;      // resets each new connection at once
};

struct ProxyCounters {
    std::size_t connections = 0;  // accepted
    std::size_t open = 0;
    std::size_t most_open = 0;
    std::uint64_t bytes_up = 0;  // received from clients
    std::uint64_t bytes_down = 0;
};

// One thread for all connections. What is asked of it holds when the call returns.
class Proxy {
public:
    explicit Proxy(std::uint16_t upstream_port, Line line = {},
                   const std::string& address = "127.0.0.1");
    ~Proxy();
    Proxy(const Proxy&) = delete;
    Proxy& operator=(const Proxy&) = delete;

    std::uint16_t port() const noexcept { return port_.port(); }
    ProxyCounters counters() const;

    // Waits until it has carried nothing for as long. False: that never came.
    bool comes_to_rest(std::chrono::milliseconds quiet) const;

    void set(const Line& line);
    void cut_all();         // resets every open connection; new ones are taken
    void close_listener();  // nobody answers at the port any more; open connections go on
    void open_listener();

private:
    class Loop;

    template <class Change>
    void ask(Change change);
    void wake() const;
    void run();

    PortLease port_;
    const std::string address_;
    const std::uint16_t upstream_port_;
    Fd wake_;
    mutable std::mutex mutex_;  // guards all below but the thread
    Line line_;
    ProxyCounters counters_;
    std::uint64_t asked_ = 0;
    std::uint64_t adopted_ = 0;
    std::condition_variable adopted_one_;
    bool cut_ = false;
    bool stop_ = false;
    bool listen_ = true;
    std::thread thread_;
};

}  // namespace lockstep::testing
