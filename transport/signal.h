// One coroutine waits, another tells it that something changed; both on one strand.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <memory>

namespace lockstep::transport {

// A notify() with nobody waiting is kept: the next wait returns at once. Wake-ups may be spurious:
// the waiter looks at its condition again. Must outlive its waits.
class Signal {
public:
    explicit Signal(boost::asio::any_io_executor executor);
    ~Signal();
    Signal(const Signal&) = delete;
    Signal& operator=(const Signal&) = delete;

    void notify();
    boost::asio::awaitable<void> wait();
    // False when `limit` passed without a notify.
    boost::asio::awaitable<bool> wait_for(std::chrono::milliseconds limit);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace lockstep::transport
