// Work on another executor, awaited here, that can be cancelled from here.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>
#include <utility>

namespace lockstep::agent {

// Never await a plain co_spawn onto another executor where the awaiting coroutine may be cancelled:
// Boost 1.81 sends a bare pointer to the cancellation signal across, and the signal is gone when
// the work ends first. Here the coroutine's own cancellation stays on its side, and cancel() takes
// the signal along. One piece of work at a time, all on one executor's side.
class Elsewhere {
public:
    // Await at once. `executor` runs one handler at a time.
    template <class T>
    boost::asio::awaitable<T> run(boost::asio::any_io_executor executor,
                                  boost::asio::awaitable<T> work)
    {
        executor_ = std::move(executor);
        signal_ = std::make_shared<boost::asio::cancellation_signal>();
        return boost::asio::co_spawn(
            executor_, std::move(work),
            boost::asio::bind_cancellation_slot(signal_->slot(), boost::asio::use_awaitable));
    }

    // What is under way; nothing otherwise.
    void cancel()
    {
        if (!signal_) return;
        boost::asio::post(executor_, [signal = signal_] {
            signal->emit(boost::asio::cancellation_type::terminal);
        });
    }

private:
    boost::asio::any_io_executor executor_;
    std::shared_ptr<boost::asio::cancellation_signal> signal_;
};

}  // namespace lockstep::agent
