// Any number of coroutines wait for "something changed"; all on the control thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <set>

namespace lockstep::agent {

// Wake-ups may be spurious: a waiter looks at its condition again. Must outlive its waiters.
class Event {
public:
    using Clock = std::chrono::steady_clock;

    explicit Event(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;

    void notify_all();
    // Until a notify_all() that comes after the call, or `limit`.
    boost::asio::awaitable<void> wait_until(Clock::time_point limit);

private:
    boost::asio::any_io_executor executor_;
    std::set<boost::asio::steady_timer*> waiting_;
};

}  // namespace lockstep::agent
