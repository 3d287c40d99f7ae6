// Coroutines beside one another on one strand, none of which outlives the one that starts them.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <memory>

namespace lockstep::push {

class SideBySide {
public:
    explicit SideBySide(boost::asio::any_io_executor strand);

    // Runs `lead`, which start()s others, and returns once all have ended. When one throws the
    // others go on to their ends, then its exception is thrown, the lead's before any other. A
    // cancellation reaches all of them.
    boost::asio::awaitable<void> run(boost::asio::awaitable<void> lead);

    void start(boost::asio::awaitable<void> work);
    // For the lead: until fewer than `count` of those started are under way. Throws what the first
    // of them threw.
    boost::asio::awaitable<void> fewer_than(std::size_t count);

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace lockstep::push
