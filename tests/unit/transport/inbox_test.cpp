// What is told to those who wait for a daemon that is gone.
#include "transport/inbox.h"

#include "base/error.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch.hpp>

#include <algorithm>
#include <future>

namespace lockstep::transport {
namespace {

// At its end from the beginning.
class EndedStream final : public Stream {
public:
    explicit EndedStream(asio::any_io_executor executor) : executor_(std::move(executor)) {}

    asio::awaitable<std::size_t> read_some(std::span<std::byte>) override { co_return 0; }
    asio::awaitable<void> write_all(std::span<const std::byte>) override { co_return; }
    void fail(std::exception_ptr) noexcept override {}
    asio::any_io_executor executor() override { return executor_; }
    std::string peer() const override { return "192.0.2.1:873"; }

private:
    asio::any_io_executor executor_;
};

// Says the same again and again, until it is failed.
class EndlessStream final : public Stream {
public:
    EndlessStream(asio::any_io_executor executor, Bytes said)
        : executor_(std::move(executor)), said_(std::move(said))
    {
    }

    asio::awaitable<std::size_t> read_some(std::span<std::byte> into) override
    {
        if (failure_) std::rethrow_exception(failure_);
        const std::size_t at = read_ % said_.size();
        const std::size_t length = std::min(into.size(), said_.size() - at);
        std::copy_n(said_.begin() + static_cast<std::ptrdiff_t>(at), length, into.begin());
        read_ += length;
        co_return length;
    }
    asio::awaitable<void> write_all(std::span<const std::byte>) override { co_return; }
    void fail(std::exception_ptr why) noexcept override { failure_ = std::move(why); }
    asio::any_io_executor executor() override { return executor_; }
    std::string peer() const override { return "192.0.2.1:873"; }

    std::size_t read() const { return read_; }

private:
    asio::any_io_executor executor_;
    Bytes said_;
    std::size_t read_ = 0;
    std::exception_ptr failure_;
};

Bytes framed(Tag tag, std::string_view payload)
{
    Bytes frame;
    put_frame(frame, tag, std::as_bytes(std::span(payload.data(), payload.size())));
    return frame;
}

// As a session does: a wake-up may be about something else, so it looks again.
asio::awaitable<void> wait_for_an_item(std::shared_ptr<Inbox> inbox)
{
    for (int i = 0; i < 10; ++i) {
        if (inbox->take()) co_return;
        [[maybe_unused]] const bool arrived =
            co_await inbox->wait_for(std::chrono::milliseconds(100));
    }
}

}  // namespace

TEST_CASE("who waits for an item is told at once that the daemon has hung up", "[transport][inbox]")
{
    asio::io_context context(1);
    const auto inbox =
        std::make_shared<Inbox>(std::make_shared<EndedStream>(context.get_executor()));
    inbox->start({});
    std::future<void> waited = asio::co_spawn(context, wait_for_an_item(inbox), asio::use_future);

    context.run();

    CHECK_THROWS_WITH(waited.get(), "connection closed by the daemon (192.0.2.1:873)");
}

TEST_CASE("a sign of life is told apart from what a daemon has to say", "[transport][inbox]")
{
    const auto told_by = [](Bytes frames) {
        asio::io_context context(1);
        const auto inbox =
            std::make_shared<Inbox>(std::make_shared<EndedStream>(context.get_executor()));
        std::vector<bool> heard;
        inbox->on_activity([&](bool told) { heard.push_back(told); });
        inbox->start(std::move(frames));
        context.run();
        return heard;
    };
    Bytes keepalive;
    put_keepalive(keepalive);

    CHECK(told_by(keepalive) == std::vector<bool>{false});
    CHECK(told_by(framed(Tag::noop, "")) == std::vector<bool>{false});
    CHECK(told_by(framed(Tag::io_timeout, std::string_view("\x3c\0\0\0", 4))) ==
          std::vector<bool>{false});
    CHECK(told_by(framed(Tag::info, "busy")) == std::vector<bool>{true});
    CHECK(told_by(framed(Tag::deleted, "a/b")) == std::vector<bool>{true});
}

TEST_CASE("a daemon that is made to wait is let go of with the session", "[transport][inbox]")
{
    asio::io_context context(1);
    // A report of an attribute, 64 KiB of them.
    std::string reports;
    for (int i = 0; i < 20'000; ++i) reports += std::string_view("\xfe\0\0\0\0", 5);
    const auto stream = std::make_shared<EndlessStream>(
        context.get_executor(), framed(Tag::data, std::string_view(reports).substr(0, 65'530)));
    auto inbox = std::make_shared<Inbox>(stream);
    const std::weak_ptr<Inbox> watched = inbox;
    RequestForm form;
    form.entries = 1'000'000;
    inbox->expect(form);
    inbox->start({});
    context.poll();
    const std::size_t read = stream->read();
    REQUIRE_FALSE(inbox->failed());
    CHECK(read > 0);

    const auto closed =
        std::make_exception_ptr(Error(ErrorKind::unreachable, Remedy::retry, "closed by us"));
    stream->fail(closed);
    inbox->fail(closed);
    inbox.reset();
    context.restart();
    context.poll();

    CHECK(stream->read() == read);
    CHECK(watched.expired());
}

TEST_CASE("what was said before anybody listened is heard too", "[transport][inbox]")
{
    asio::io_context context(1);
    const auto inbox =
        std::make_shared<Inbox>(std::make_shared<EndedStream>(context.get_executor()));
    inbox->start(framed(Tag::error, "early"));
    context.run();

    std::vector<Message> heard;
    inbox->on_message([&heard](const Message& message) { heard.push_back(message); });

    CHECK(heard == std::vector<Message>{{Tag::error, "early"}});
}

TEST_CASE("a daemon that talks before it has anything to do is not listened to for long",
          "[transport][inbox]")
{
    asio::io_context context(1);
    const std::size_t length = GENERATE(std::size_t{0}, std::size_t{100}, std::size_t{60'000});
    Bytes said;
    while (said.size() < 60'000) put_bytes(said, framed(Tag::info, std::string(length, 'x')));
    const auto stream = std::make_shared<EndlessStream>(context.get_executor(), said);
    const auto inbox = std::make_shared<Inbox>(stream);
    inbox->start({});

    context.run();

    REQUIRE(inbox->failed());
    CHECK_THROWS_WITH(std::rethrow_exception(inbox->failure()),
                      "the daemon said more than 262144 bytes of messages before our file list");
    CHECK(stream->read() <= Inbox::unheard_bytes_max + 2 * said.size());
}

}  // namespace lockstep::transport
