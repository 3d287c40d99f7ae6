#include "transport/push_session.h"

#include "transport/args.h"
#include "transport/handshake.h"
#include "transport/inbox.h"
#include "transport/line.h"
#include "transport/opening.h"
#include "transport/outbox.h"
#include "transport/push.h"

#include <algorithm>

namespace lockstep::transport {
namespace {

class Session final : public PushSession {
public:
    Session(std::shared_ptr<Stream> stream, Endpoint endpoint, PushOptions options, Agreed agreed)
        : Session(std::move(stream), std::move(endpoint), std::move(options), std::move(agreed),
                  nullptr)
    {
        settle(std::move(agreed_));
    }

    // `agreed` is what `opening` will find, if the guess is right.
    Session(std::shared_ptr<Stream> stream, Endpoint endpoint, PushOptions options, Agreed agreed,
            std::shared_ptr<Opening> opening)
        : stream_(std::move(stream)),
          endpoint_(std::move(endpoint)),
          options_(std::move(options)),
          agreed_(std::move(agreed)),
          inbox_(std::make_shared<Inbox>(stream_)),
          opening_(std::move(opening))
    {
        facts_.protocol = agreed_.protocol;
        facts_.checksum = agreed_.checksum;
        facts_.compress = agreed_.compress;
        if (!opening_) return;
        opening_->on_heard([this] { inbox_->owe_sign(); });
        opening_->on_end([this](Agreed found, std::exception_ptr failure) {
            if (failure)
                inbox_->fail(std::move(failure));
            else
                settle(std::move(found));
        });
    }

    ~Session() override
    {
        if (opening_) {
            opening_->on_end(nullptr);
            opening_->on_heard(nullptr);
        }
        const auto closed = std::make_exception_ptr(
            Error(ErrorKind::unreachable, Remedy::retry, "session closed by us"));
        stream_->fail(closed);
        inbox_->fail(closed);
    }

    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    const PeerFacts& peer() const override { return facts_; }
    bool usable() const override { return !inbox_->failed(); }
    std::exception_ptr failure() const override { return inbox_->failure(); }
    std::optional<Expected> expected() const override
    {
        if (!settled_) return std::nullopt;
        return expected_next(agreed_);
    }

    std::chrono::milliseconds idle_limit() const override
    {
        return inbox_->idle_limit(endpoint_.timeout);
    }

    asio::awaitable<bool> keep_alive() override
    {
        if (agreed_.protocol < 30) co_return false;
        Outbox out(*stream_, true);
        co_await out.keepalive();
        agreed_.sent += out.sent();
        co_return true;
    }

    asio::awaitable<PushOutcome> push(const PushList& list, Contents& contents,
                                      Progress* progress) override
    {
        const PushLine line{endpoint_, options_, agreed_, *inbox_, *stream_};
        PushOutcome outcome = co_await push_over(line, list, contents, progress);
        co_return outcome;
    }

private:
    // A push may be under way: it reads the seed once somebody asks it for something.
    void settle(Agreed agreed)
    {
        agreed.sent = std::max(agreed.sent, agreed_.sent);
        agreed_ = std::move(agreed);
        settled_ = true;
        inbox_->start(std::exchange(agreed_.rest, {}));
    }

    std::shared_ptr<Stream> stream_;
    Endpoint endpoint_;
    PushOptions options_;
    Agreed agreed_;
    PeerFacts facts_;
    std::shared_ptr<Inbox> inbox_;
    std::shared_ptr<Opening> opening_;  // null: step by step
    bool settled_ = false;
};

// Ends a handshake that nobody waits for any more.
class StreamGuard {
public:
    explicit StreamGuard(Stream& stream) : stream_(&stream) {}
    ~StreamGuard()
    {
        if (stream_ == nullptr) return;
        stream_->fail(std::make_exception_ptr(
            Error(ErrorKind::unreachable, Remedy::retry, "session closed by us")));
    }
    StreamGuard(const StreamGuard&) = delete;
    StreamGuard& operator=(const StreamGuard&) = delete;
    void release() noexcept { stream_ = nullptr; }

private:
    Stream* stream_;
};

asio::awaitable<std::unique_ptr<PushSession>> connect_ahead(std::shared_ptr<Stream> stream,
                                                            Endpoint endpoint, PushOptions options,
                                                            Expected expected)
{
    StreamGuard guard(*stream);
    const auto opening = std::make_shared<Opening>(stream, endpoint, options, std::move(expected));
    opening->start();
    Agreed agreed = co_await opening->all_said();
    guard.release();
    co_return std::make_unique<Session>(stream, std::move(endpoint), std::move(options),
                                        std::move(agreed), opening);
}

// What `auto` means for this session. `line` null: it is not open yet, for a program has to be
// told.
std::string resolved_compressor(const std::string& wanted, const Endpoint& endpoint, Stream* line)
{
    if (wanted != "auto") return wanted;
    const std::optional<LineFigures> figures =
        line != nullptr && endpoint.speed ? line->figures() : std::nullopt;
    if (!figures) return "none";
    endpoint.speed->opened(*figures);
    return endpoint.speed->compresses() ? std::string(best_compressor) : "none";
}

}  // namespace

asio::awaitable<std::unique_ptr<PushSession>> connect_over(std::unique_ptr<Stream> stream,
                                                           Endpoint endpoint, PushOptions options,
                                                           std::optional<Expected> expected)
{
    const std::shared_ptr<Stream> shared = std::move(stream);
    options.compress = resolved_compressor(options.compress, endpoint, shared.get());
    // A program's start takes longer than its answers; said ahead, its failure would come late.
    if (expected && expected->protocol >= 30 && !is_program(endpoint.reach)) {
        std::unique_ptr<PushSession> session = co_await connect_ahead(
            shared, std::move(endpoint), std::move(options), std::move(*expected));
        co_return session;
    }
    Agreed agreed = co_await shake_hands(*shared, endpoint, options);
    co_return std::make_unique<Session>(shared, std::move(endpoint), std::move(options),
                                        std::move(agreed));
}

namespace {

asio::awaitable<std::unique_ptr<PushSession>> open_and_connect(Endpoint endpoint,
                                                               PushOptions options,
                                                               std::optional<Expected> expected)
{
    if (is_program(endpoint.reach))
        options.compress = resolved_compressor(options.compress, endpoint, nullptr);
    std::unique_ptr<Stream> stream = co_await open_line(endpoint, options);
    std::unique_ptr<PushSession> session = co_await connect_over(
        std::move(stream), std::move(endpoint), std::move(options), std::move(expected));
    co_return session;
}

// A release before 3.2.3 is asked once more, for no more than it knows.
bool refuses_messages(const Error& error)
{
    return error.kind() == ErrorKind::refused_option &&
           std::string_view(error.what()).find(messages_option) != std::string_view::npos;
}

}  // namespace

asio::awaitable<std::unique_ptr<PushSession>> connect(Endpoint endpoint, PushOptions options,
                                                      std::optional<Expected> expected)
{
    std::unique_ptr<PushSession> session;
    try {
        session = co_await open_and_connect(endpoint, options, expected);
    } catch (const Error& error) {
        if (!is_program(endpoint.reach) || !refuses_messages(error)) throw;
        endpoint.asks_for_messages = false;
    }
    if (!session)
        session = co_await open_and_connect(std::move(endpoint), std::move(options), std::nullopt);
    co_return session;
}

}  // namespace lockstep::transport
