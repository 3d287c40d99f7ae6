#include "agent/push/side_by_side.h"

#include "transport/signal.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>

#include <exception>
#include <list>
#include <utility>

namespace lockstep::push {

namespace asio = boost::asio;

// Shared with the handlers, which live as long as their executor.
struct SideBySide::State {
    explicit State(const asio::any_io_executor& executor) : strand(executor), ended(executor) {}

    asio::any_io_executor strand;
    transport::Signal ended;
    std::list<asio::cancellation_signal> under_way;
    std::exception_ptr failure;
};

SideBySide::SideBySide(asio::any_io_executor strand)
    : state_(std::make_shared<State>(std::move(strand)))
{
}

void SideBySide::start(asio::awaitable<void> work)
{
    const auto cancel = state_->under_way.emplace(state_->under_way.end());
    const auto over = [state = state_, cancel](std::exception_ptr failure) {
        if (!state->failure) state->failure = std::move(failure);
        state->under_way.erase(cancel);
        state->ended.notify();
    };
    asio::co_spawn(state_->strand, std::move(work),
                   asio::bind_cancellation_slot(cancel->slot(), over));
}

asio::awaitable<void> SideBySide::fewer_than(std::size_t count)
{
    const std::shared_ptr<State> state = state_;
    while (state->under_way.size() >= count && !state->failure) co_await state->ended.wait();
    if (state->failure) std::rethrow_exception(state->failure);
}

asio::awaitable<void> SideBySide::run(asio::awaitable<void> lead)
{
    const std::shared_ptr<State> state = state_;
    std::exception_ptr failure;
    try {
        co_await std::move(lead);
    } catch (...) {
        failure = std::current_exception();
    }
    // Those under way refer to what our caller owns: a cancellation may not end the wait for them.
    co_await asio::this_coro::throw_if_cancelled(false);
    bool told = false;
    while (!state->under_way.empty()) {
        const asio::cancellation_state cancelled = co_await asio::this_coro::cancellation_state;
        if (!told && cancelled.cancelled() != asio::cancellation_type::none) {
            told = true;
            for (asio::cancellation_signal& cancel : state->under_way)
                cancel.emit(asio::cancellation_type::terminal);
            continue;
        }
        co_await state->ended.wait();
    }
    co_await asio::this_coro::throw_if_cancelled(true);
    if (!failure) failure = state->failure;
    if (failure) std::rethrow_exception(failure);
}

}  // namespace lockstep::push
