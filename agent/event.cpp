#include "agent/event.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace lockstep::agent {

namespace asio = boost::asio;

void Event::notify_all()
{
    for (asio::steady_timer* timer : waiting_) timer->cancel();
}

asio::awaitable<void> Event::wait_until(Clock::time_point limit)
{
    asio::steady_timer timer(executor_, limit);
    struct Registered {
        std::set<asio::steady_timer*>& waiting;
        asio::steady_timer* timer;
        ~Registered() { waiting.erase(timer); }
    };
    waiting_.insert(&timer);
    const Registered registered{waiting_, &timer};
    boost::system::error_code
        ignored;  // cancelled: by notify_all, or for good, which the next await says
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

}  // namespace lockstep::agent
