#include "transport/signal.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace lockstep::transport {

namespace asio = boost::asio;

struct Signal::State {
    explicit State(const asio::any_io_executor& executor) : timer(executor) {}
    asio::steady_timer timer;
    bool notified = false;
};

Signal::Signal(asio::any_io_executor executor)
    : state_(std::make_unique<State>(std::move(executor)))
{
}
Signal::~Signal() = default;

void Signal::notify()
{
    state_->notified = true;
    state_->timer.cancel();
}

asio::awaitable<void> Signal::wait()
{
    co_await wait_for(std::chrono::hours(24 * 365));
}

asio::awaitable<bool> Signal::wait_for(std::chrono::milliseconds limit)
{
    if (!state_->notified) {
        state_->timer.expires_after(limit);
        boost::system::error_code
            ignored;  // cancelled by notify, or by the caller: seen at its next await
        co_await state_->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    co_return std::exchange(state_->notified, false);
}

}  // namespace lockstep::transport
