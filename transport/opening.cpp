#include "transport/opening.h"

#include <boost/asio/co_spawn.hpp>

#include <utility>

namespace lockstep::transport {

Opening::Opening(std::shared_ptr<Stream> stream, Endpoint endpoint, PushOptions options,
                 Expected expected)
    : stream_(std::move(stream)),
      endpoint_(std::move(endpoint)),
      options_(std::move(options)),
      expected_(std::move(expected)),
      changed_(stream_->executor())
{
}

void Opening::start()
{
    const std::shared_ptr<Opening> self = shared_from_this();
    const auto ended = [self](std::exception_ptr failure) {
        self->failure_ = std::move(failure);
        self->changed_.notify();
        self->tell();
    };
    asio::co_spawn(stream_->executor(), run(self), ended);
}

asio::awaitable<void> Opening::run(std::shared_ptr<Opening> self)
{
    const AllSaid said = [&opening = *self](Agreed guess) {
        opening.guess_ = std::move(guess);
        opening.changed_.notify();
    };
    const Heard heard = [&opening = *self] {
        if (opening.heard_) opening.heard_();
    };
    AllSaid passed = said;
    Heard passed_too = heard;
    self->agreed_ =
        co_await shake_hands_ahead(*self->stream_, self->endpoint_, self->options_, self->expected_,
                                   std::move(passed), std::move(passed_too));
}

asio::awaitable<Agreed> Opening::all_said()
{
    while (!guess_ && !agreed_ && !failure_) co_await changed_.wait();
    if (failure_ && !guess_) std::rethrow_exception(failure_);
    co_return agreed_ ? *agreed_ : *guess_;
}

void Opening::on_end(Ended ended)
{
    ended_ = std::move(ended);
    if (agreed_ || failure_) tell();
}

void Opening::tell()
{
    if (!ended_) return;
    const Ended ended = std::exchange(ended_, nullptr);
    ended(agreed_ ? std::move(*agreed_) : Agreed(), failure_);
}

}  // namespace lockstep::transport
