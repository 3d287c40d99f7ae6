// The two directions of a push together: what comes next, and that something is said meanwhile.
#pragma once

#include "transport/deadline.h"
#include "transport/inbox.h"
#include "transport/outbox.h"

#include <chrono>
#include <cstdint>
#include <optional>

namespace lockstep::transport {

struct DialogueLimits {
    std::chrono::milliseconds timeout;  // without a byte in either direction
    std::chrono::milliseconds stuck;    // without more than signs of life
    std::uint64_t items = 0;            // that a generator may say
    std::size_t entries = 0;            // of the list that they are for
};

// While it lives, the stream fails when a limit passes: Error(timeout, retry).
class Dialogue {
public:
    Dialogue(Inbox& inbox, Stream& stream, bool multiplexed, DialogueLimits limits);
    ~Dialogue();
    Dialogue(const Dialogue&) = delete;
    Dialogue& operator=(const Dialogue&) = delete;

    Outbox& out() noexcept { return out_; }

    // The next item; what we have to say goes out before we wait, and a sign of life while we do.
    // More items than the limit are Error(protocol, retry).
    asio::awaitable<GeneratorItem> next();

    // We got on.
    void moved() noexcept;

    // A write may fail before the reader has seen why the daemon hung up.
    asio::awaitable<void> hear_last_words();

    std::uint64_t heard() const noexcept { return heard_; }

private:
    asio::awaitable<void> say_alive();
    std::chrono::milliseconds keepalive_interval() const;

    Inbox& inbox_;
    Stream& stream_;
    DialogueLimits limits_;
    Outbox out_;
    Deadline idle_;
    Deadline stuck_;
    std::uint64_t heard_ = 0;
    bool only_alive_ = false;  // what is being written says nothing else
};

}  // namespace lockstep::transport
