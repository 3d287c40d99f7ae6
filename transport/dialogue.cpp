#include "transport/dialogue.h"

#include "base/error.h"

#include <algorithm>

namespace lockstep::transport {

Dialogue::Dialogue(Inbox& inbox, Stream& stream, bool multiplexed, DialogueLimits limits)
    : inbox_(inbox),
      stream_(stream),
      limits_(limits),
      out_(stream, multiplexed),
      idle_(stream, limits.timeout, "push"),
      stuck_(stream, limits.stuck, "push, the daemon only says that it is there")
{
    inbox_.on_activity([this](bool told) {
        idle_.progress();
        if (told) stuck_.progress();
    });
    // A line that takes what we say, however slowly, is alive.
    stream_.on_written([this] {
        if (!only_alive_) moved();
    });
}

Dialogue::~Dialogue()
{
    inbox_.on_activity(nullptr);
    stream_.on_written(nullptr);
}

asio::awaitable<GeneratorItem> Dialogue::next()
{
    for (;;) {
        std::optional<GeneratorItem> item = inbox_.take();
        if (item) {
            if (++heard_ > limits_.items)
                throw Error(ErrorKind::protocol, Remedy::retry,
                            "more than " + std::to_string(limits_.items) +
                                " requests and reports for a list of " +
                                std::to_string(limits_.entries));
            co_return std::move(*item);
        }
        const bool said = !out_.data().empty();
        co_await out_.flush();
        const bool owed = inbox_.take_owed();
        if (owed && !said) co_await say_alive();
        const bool arrived = co_await inbox_.wait_for(keepalive_interval());
        if (!arrived) co_await say_alive();
    }
}

void Dialogue::moved() noexcept
{
    idle_.progress();
    stuck_.progress();
}

asio::awaitable<void> Dialogue::hear_last_words()
{
    for (int i = 0; i < 10 && !inbox_.failed(); ++i) {
        const bool arrived = co_await inbox_.settle_for(std::chrono::milliseconds(50));
        if (!arrived) co_return;
    }
}

// Which is no progress of ours. A daemon that does not hear it any more may have said all it had to
// say: that is for who reads to tell.
asio::awaitable<void> Dialogue::say_alive()
{
    only_alive_ = true;
    try {
        co_await out_.keepalive();
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::unreachable) throw;
    }
    only_alive_ = false;
}

std::chrono::milliseconds Dialogue::keepalive_interval() const
{
    return std::max(inbox_.idle_limit(limits_.timeout) / 3, std::chrono::milliseconds(100));
}

}  // namespace lockstep::transport
