// A handshake ahead of the daemon's answers, which go on being read while the session is used.
#pragma once

#include "transport/handshake.h"
#include "transport/signal.h"

#include <functional>
#include <memory>
#include <optional>

namespace lockstep::transport {

// On the stream's strand. Shared with the coroutine that reads, which ends with the stream.
class Opening : public std::enable_shared_from_this<Opening> {
public:
    // What is agreed in the end, or why nothing is.
    using Ended = std::function<void(Agreed agreed, std::exception_ptr failure)>;

    Opening(std::shared_ptr<Stream> stream, Endpoint endpoint, PushOptions options,
            Expected expected);

    void start();
    // Until all of ours is said; throws when it came to an end before.
    asio::awaitable<Agreed> all_said();
    // Told once; at once when it has ended. Nobody is told after on_end(nullptr).
    void on_end(Ended ended);
    // As Heard; null: nobody is told any more.
    void on_heard(Heard heard) { heard_ = std::move(heard); }

private:
    static asio::awaitable<void> run(std::shared_ptr<Opening> self);
    void tell();

    std::shared_ptr<Stream> stream_;
    Endpoint endpoint_;
    PushOptions options_;
    Expected expected_;
    Signal changed_;
    std::optional<Agreed> guess_;
    std::optional<Agreed> agreed_;
    std::exception_ptr failure_;
    Ended ended_;
    Heard heard_;
};

}  // namespace lockstep::transport
