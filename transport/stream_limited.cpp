#include "transport/stream_limited.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

namespace lockstep::transport {
namespace {

class LimitedStream final : public Stream {
public:
    LimitedStream(std::unique_ptr<Stream> line, std::shared_ptr<TokenBucket> bucket)
        : line_(std::move(line)), bucket_(std::move(bucket)), turn_(line_->executor())
    {
        line_->on_written([this] { tell_written(); });
    }

    asio::awaitable<std::size_t> read_some(std::span<std::byte> into) override
    {
        const std::size_t got = co_await line_->read_some(into);
        co_return got;
    }

    asio::awaitable<void> write_all(std::span<const std::byte> bytes) override
    {
        while (!bytes.empty()) {
            const std::size_t size = std::min<std::size_t>(bytes.size(), bucket_->piece_bytes());
            const TokenBucket::Duration wait =
                bucket_->take(size, std::chrono::steady_clock::now());
            co_await wait_for(wait);
            if (failure_) std::rethrow_exception(failure_);
            co_await line_->write_all(bytes.first(size));
            bytes = bytes.subspan(size);
        }
    }

    void write_now(std::span<const std::byte> bytes) noexcept override { line_->write_now(bytes); }

    void fail(std::exception_ptr why) noexcept override
    {
        if (!failure_) failure_ = why;
        turn_.cancel();
        line_->fail(std::move(why));
    }

    std::optional<LineFigures> figures() override { return line_->figures(); }
    asio::any_io_executor executor() override { return line_->executor(); }
    std::string peer() const override { return line_->peer(); }

private:
    asio::awaitable<void> wait_for(TokenBucket::Duration wait)
    {
        if (wait <= TokenBucket::Duration::zero()) co_return;
        turn_.expires_after(wait);
        boost::system::error_code ended_early;  // failed, or cancelled: the next await tells
        co_await turn_.async_wait(asio::redirect_error(asio::use_awaitable, ended_early));
    }

    std::unique_ptr<Stream> line_;
    std::shared_ptr<TokenBucket> bucket_;
    asio::steady_timer turn_;
    std::exception_ptr failure_;
};

}  // namespace

std::unique_ptr<Stream> limited(std::unique_ptr<Stream> line, std::shared_ptr<TokenBucket> bucket)
{
    return std::make_unique<LimitedStream>(std::move(line), std::move(bucket));
}

}  // namespace lockstep::transport
