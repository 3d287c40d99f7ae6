// Calls once, at a time that may be moved.
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

namespace lockstep::agent {

// On the control thread. What is called may set it again; nothing is called once it is stopped or
// gone.
class Timer {
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    Timer(const boost::asio::any_io_executor& executor, std::function<void()> call);
    ~Timer() { stop(); }
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    // None: not at all.
    void set(std::optional<TimePoint> at);
    void stop();

private:
    struct State;
    std::shared_ptr<State> state_;  // shared with what waits
};

}  // namespace lockstep::agent
