#include "agent/service.h"

#include <boost/asio/steady_timer.hpp>
#include <systemd/sd-daemon.h>

#include <chrono>
#include <ctime>

namespace lockstep::agent {
namespace {

std::uint64_t monotonic_usec()
{
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 +
           static_cast<std::uint64_t>(now.tv_nsec) / 1000;
}

}  // namespace

// The control thread says that it lives at half of the time it has; a loop that hangs stops saying
// so.
struct Service::State : std::enable_shared_from_this<State> {
    explicit State(boost::asio::io_context& control) : timer(control)
    {
        std::uint64_t usec = 0;
        if (::sd_watchdog_enabled(0, &usec) > 0) interval = std::chrono::microseconds(usec / 2);
    }

    void arm()
    {
        if (interval.count() == 0) return;
        timer.expires_after(interval);
        timer.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
            if (error) return;
            ::sd_notify(0, "WATCHDOG=1");
            self->arm();
        });
    }

    boost::asio::steady_timer timer;
    std::chrono::microseconds interval{0};
};

Service::Service(boost::asio::io_context& control) : state_(std::make_shared<State>(control)) {}

Service::~Service()
{
    state_->timer.cancel();
}

void Service::ready()
{
    ::sd_notify(0, "READY=1");
    state_->arm();
}

void Service::reloading()
{
    const std::string text = "RELOADING=1\nMONOTONIC_USEC=" + std::to_string(monotonic_usec());
    ::sd_notify(0, text.c_str());
}

void Service::stopping()
{
    state_->timer.cancel();
    ::sd_notify(0, "STOPPING=1");
}

}  // namespace lockstep::agent
