#include "transport/deadline.h"

#include "base/error.h"

#include <boost/asio/steady_timer.hpp>

#include <utility>

namespace lockstep::transport {

using Clock = std::chrono::steady_clock;

struct Deadline::State {
    State(Stream& watched, std::chrono::milliseconds allowed, std::string waited_for)
        : stream(&watched), limit(allowed), name(std::move(waited_for)), timer(watched.executor())
    {
    }

    Stream* stream;  // null once the deadline is gone
    std::chrono::milliseconds limit;
    std::string name;
    asio::steady_timer timer;
    Clock::time_point since = Clock::now();
};

Deadline::Deadline(Stream& stream, std::chrono::milliseconds limit, std::string name)
    : state_(std::make_shared<State>(stream, limit, std::move(name)))
{
    arm(state_);
}

Deadline::~Deadline()
{
    state_->stream = nullptr;
    state_->timer.cancel();
}

void Deadline::progress() noexcept
{
    state_->since = Clock::now();
}

void Deadline::arm(std::shared_ptr<State> state)
{
    state->timer.expires_at(state->since + state->limit);
    asio::steady_timer& timer = state->timer;
    timer.async_wait([state = std::move(state)](const boost::system::error_code&) mutable {
        if (state->stream == nullptr) return;
        if (Clock::now() < state->since + state->limit) {
            arm(std::move(state));  // there was progress: wait for the rest
            return;
        }
        const std::string text = state->name + ": timed out after " +
                                 std::to_string(state->limit.count()) + " ms (" +
                                 state->stream->peer() + ")";
        Stream* stream = std::exchange(state->stream, nullptr);
        stream->fail(std::make_exception_ptr(Error(ErrorKind::timeout, Remedy::retry, text)));
    });
}

}  // namespace lockstep::transport
