// What is told to those who wait for a daemon that is gone.
#include "transport/inbox.h"

#include "base/error.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch.hpp>

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
    Bytes message;
    put_frame(message, Tag::info, std::as_bytes(std::span("busy")));

    CHECK(told_by(keepalive) == std::vector<bool>{false});
    CHECK(told_by(message) == std::vector<bool>{true});
}

}  // namespace lockstep::transport
