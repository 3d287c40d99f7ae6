#include "agent/elsewhere.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <catch2/catch.hpp>

#include <chrono>
#include <exception>
#include <future>
#include <optional>

namespace lockstep::agent {
namespace {

namespace asio = boost::asio;

struct Gates {
    std::promise<void> working;
    std::promise<void> over;
};

// Nothing else happens there between its end and `over`.
asio::awaitable<int> answer(Gates& gates)
{
    const asio::any_io_executor here = co_await asio::this_coro::executor;
    // Or its end would take one more turn there.
    co_await asio::post(here, asio::use_awaitable);
    asio::post(here, [&gates] { gates.over.get_future().wait(); });
    gates.working.set_value();
    co_return 42;
}

asio::awaitable<int> wait_long()
{
    const asio::any_io_executor here = co_await asio::this_coro::executor;
    asio::steady_timer timer(here, std::chrono::hours(1));
    co_await timer.async_wait(asio::use_awaitable);
    co_return 0;
}

struct Ended {
    std::exception_ptr failure;
    int result = 0;
};

// Awaits `work` here, by a coroutine that `cancel` cancels.
void start(asio::io_context& here, asio::awaitable<int> work, asio::cancellation_signal& cancel,
           std::optional<Ended>& ended)
{
    asio::co_spawn(here, std::move(work),
                   asio::bind_cancellation_slot(cancel.slot(),
                                                [&ended](std::exception_ptr failure, int result) {
                                                    ended = Ended{failure, result};
                                                }));
}

}  // namespace

TEST_CASE("what ends elsewhere may be cancelled at that moment", "[agent][elsewhere]")
{
    asio::io_context here;
    asio::thread_pool there(1);
    Elsewhere at_work;
    asio::cancellation_signal cancel;
    std::optional<Ended> ended;
    Gates gates;
    start(here, at_work.run(there.get_executor(), answer(gates)), cancel, ended);
    here.poll();
    gates.working.get_future().wait();

    // The cancellation comes there once all of it is over here.
    cancel.emit(asio::cancellation_type::terminal);
    at_work.cancel();
    here.restart();
    here.run_for(std::chrono::seconds(30));
    gates.over.set_value();
    there.join();
    REQUIRE(ended);
    CHECK_FALSE(ended->failure);
    CHECK(ended->result == 42);
}

TEST_CASE("what takes long elsewhere ends when it is cancelled", "[agent][elsewhere]")
{
    asio::io_context here;
    asio::thread_pool there(1);
    Elsewhere at_work;
    asio::cancellation_signal cancel;
    std::optional<Ended> ended;
    start(here, at_work.run(there.get_executor(), wait_long()), cancel, ended);
    here.poll();
    at_work.cancel();
    here.restart();
    here.run_for(std::chrono::seconds(30));
    REQUIRE(ended);
    CHECK(ended->failure);
    there.join();
}

}  // namespace lockstep::agent
