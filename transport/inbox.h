// What the daemon says once the setup is over, read beside whatever we write.
#pragma once

#include "transport/mux.h"
#include "transport/requests.h"
#include "transport/signal.h"
#include "transport/stream.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <memory>
#include <utility>

namespace lockstep::transport {

// Its reader never waits for our writer (PROTOCOL.md 27, trap 18): requests are collected here, up
// to `items_bytes_max`, and only beyond that is the daemon made to wait; messages are handed on as
// they come. Shared with the reading coroutine, which ends when the stream fails or ends, or by
// fail().
class Inbox : public std::enable_shared_from_this<Inbox> {
public:
    static constexpr std::size_t items_bytes_max = 16 * 1024 * 1024;
    // Of messages that nobody hears yet. More is Error(protocol, retry): a daemon has nothing to
    // say before the list but why it ends the session.
    static constexpr std::size_t unheard_bytes_max = 256 * 1024;
    // More of other messages is Error(protocol, retry) too. A daemon may delete for hours and tell
    // of each file: past this it only shows that it is there.
    static constexpr std::size_t told_bytes_max = 256 * 1024 * 1024;

    explicit Inbox(std::shared_ptr<Stream> stream);

    // Starts reading; `first` is what the handshake read beyond its own end.
    void start(Bytes first);

    // In place of start(): nothing comes, for this reason. After it: the reader ends, though the
    // daemon is being made to wait.
    void fail(std::exception_ptr why);

    // From here on the daemon may send requests for a list of this form. Before, data is an error.
    void expect(RequestForm form);

    // Of the daemon's something has come: a sign of ours is owed, for it may be held up without
    // (PROTOCOL.md 24.1). Wakes who waits. Said here of what is read here, by others of the rest.
    void owe_sign();
    // It is given now.
    bool take_owed() noexcept { return std::exchange(owed_, false); }

    std::optional<GeneratorItem> take();
    // Until something arrived (true) or `limit` passed (false). Throws the reader's failure, which
    // the end of the stream is too, once nothing is left to take: who waits expects something.
    asio::awaitable<bool> wait_for(std::chrono::milliseconds limit);

    // The same without throwing: for the last words after a failure.
    asio::awaitable<bool> settle_for(std::chrono::milliseconds limit);

    // Called with every message that is about a path or a reason, also those that have come
    // already; null: they are kept for the next one.
    void on_message(std::function<void(const Message&)> hear);
    bool failed() const noexcept { return failure_ != nullptr; }
    std::exception_ptr failure() const noexcept { return failure_; }
    // The daemon's own time limit, 0 when it said none.
    std::chrono::seconds peer_timeout() const noexcept { return peer_timeout_; }
    // The smaller limit counts (PROTOCOL.md 8.4).
    std::chrono::milliseconds idle_limit(std::chrono::milliseconds ours) const noexcept
    {
        return peer_timeout_.count() > 0 ? std::min<std::chrono::milliseconds>(ours, peer_timeout_)
                                         : ours;
    }
    std::uint64_t received() const noexcept { return received_; }
    // Called when something arrives; `told`: more than a sign of life.
    void on_activity(std::function<void(bool told)> activity) { activity_ = std::move(activity); }

private:
    static asio::awaitable<void> read(std::shared_ptr<Inbox> self, Bytes first);
    void accept(std::span<const std::byte> bytes);
    bool accept_message(Message message);  // whether it tells something
    void keep(Message message);

    std::shared_ptr<Stream> stream_;
    Signal arrived_;
    Signal taken_;
    Demux demux_;
    std::optional<RequestDecoder> decoder_;
    std::deque<GeneratorItem> items_;
    std::size_t items_bytes_ = 0;
    std::vector<Message> unheard_;
    std::size_t unheard_bytes_ = 0;
    std::function<void(const Message&)> hear_;
    std::size_t told_bytes_ = 0;
    bool owed_ = false;
    std::exception_ptr failure_;
    std::chrono::seconds peer_timeout_{0};
    std::uint64_t received_ = 0;
    std::function<void(bool told)> activity_;
};

}  // namespace lockstep::transport
