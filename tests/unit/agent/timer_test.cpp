// A call at a time that may be moved.
#include "agent/timer.h"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

namespace lockstep::agent {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::hours;
using std::chrono::milliseconds;

TEST_CASE("a timer calls once, at the time that was set last", "[agent][timer]")
{
    boost::asio::io_context context(1);
    int calls = 0;
    Timer timer(context.get_executor(), [&] { ++calls; });

    timer.set(Clock::now() + hours(1));
    timer.set(Clock::now());
    context.run_for(std::chrono::seconds(20));

    CHECK(context.stopped());  // and waits for nothing else
    CHECK(calls == 1);
}

TEST_CASE("a timer may be set again by what it calls", "[agent][timer]")
{
    boost::asio::io_context context(1);
    int calls = 0;
    const auto at = Clock::now();
    Timer* self = nullptr;
    Timer timer(context.get_executor(), [&] {
        if (++calls < 3) self->set(at);
    });
    self = &timer;

    timer.set(at);
    context.run_for(std::chrono::seconds(20));

    CHECK(calls == 3);
}

TEST_CASE("a timer that is stopped, gone or set to no time calls nothing", "[agent][timer]")
{
    boost::asio::io_context context(1);
    int calls = 0;
    const int how = GENERATE(0, 1, 2);
    auto timer = std::make_unique<Timer>(context.get_executor(), [&] { ++calls; });

    timer->set(Clock::now() + milliseconds(1));
    if (how == 0) timer->stop();
    if (how == 1) timer.reset();
    if (how == 2) timer->set(std::nullopt);
    context.run_for(std::chrono::seconds(20));

    CHECK(context.stopped());
    CHECK(calls == 0);
}

}  // namespace
}  // namespace lockstep::agent
