#include "agent/timer.h"

#include <boost/asio/steady_timer.hpp>

#include <utility>

namespace lockstep::agent {

struct Timer::State {
    boost::asio::steady_timer timer;
    std::function<void()> call;
    std::optional<TimePoint> at;
    bool stopped = false;
};

Timer::Timer(const boost::asio::any_io_executor& executor, std::function<void()> call)
    : state_(std::make_shared<State>(
          State{boost::asio::steady_timer(executor), std::move(call), {}, false}))
{
}

void Timer::set(std::optional<TimePoint> at)
{
    if (state_->stopped || at == state_->at) return;
    state_->at = at;
    state_->timer.cancel();
    if (!at) return;
    state_->timer.expires_at(*at);
    const std::weak_ptr<State> weak = state_;
    state_->timer.async_wait([weak](const boost::system::error_code& error) {
        const std::shared_ptr<State> state = weak.lock();
        if (error || !state || state->stopped) return;
        state->at.reset();
        state->call();
    });
}

void Timer::stop()
{
    state_->stopped = true;
    state_->timer.cancel();
}

}  // namespace lockstep::agent
