#include "spoilt_push.h"

#include "tests/wire/files_below.h"
#include "transport/stream_tcp.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>

namespace lockstep::wire_test {
namespace {

using namespace transport;

// Hands everything on, but turns one byte of `marker` into another the first time it is written.
class Spoiling final : public Stream {
public:
    Spoiling(std::unique_ptr<Stream> inner, std::string marker)
        : inner_(std::move(inner)), marker_(std::move(marker))
    {
    }

    asio::awaitable<std::size_t> read_some(std::span<std::byte> into) override
    {
        const std::size_t got = co_await inner_->read_some(into);
        co_return got;
    }
    asio::awaitable<void> write_all(std::span<const std::byte> bytes) override
    {
        std::vector<std::byte> copy(bytes.begin(), bytes.end());
        const auto wanted = std::as_bytes(std::span(marker_));
        const auto found = std::search(copy.begin(), copy.end(), wanted.begin(), wanted.end());
        if (!spoilt_ && found != copy.end()) {
            spoilt_ = true;
            *found = std::byte{'?'};
        }
        co_await inner_->write_all(copy);
    }
    void fail(std::exception_ptr why) noexcept override { inner_->fail(std::move(why)); }
    asio::any_io_executor executor() override { return inner_->executor(); }
    std::string peer() const override { return inner_->peer(); }

private:
    std::unique_ptr<Stream> inner_;
    std::string marker_;
    bool spoilt_ = false;
};

asio::awaitable<void> run(Endpoint endpoint, PushOptions options, std::string marker,
                          const PushList& list, const Beneath& source, PushOutcome& outcome)
{
    std::unique_ptr<Stream> line =
        co_await connect_tcp(endpoint.host, endpoint.port, endpoint.timeout);
    std::unique_ptr<Stream> spoiling =
        std::make_unique<Spoiling>(std::move(line), std::move(marker));
    const std::unique_ptr<PushSession> session =
        co_await connect_over(std::move(spoiling), std::move(endpoint), std::move(options));
    FilesBelow files(source);
    outcome = co_await session->push(list, files, nullptr);
}

}  // namespace

PushOutcome push_spoilt(const Endpoint& endpoint, const PushOptions& options,
                        const std::string& marker, const PushList& list, const std::string& source)
{
    asio::io_context context(1);
    const Beneath beneath(source, true);
    PushOutcome outcome;
    std::exception_ptr failure;
    const auto ended = [&failure](std::exception_ptr how) { failure = how; };
    asio::co_spawn(context, run(endpoint, options, marker, list, beneath, outcome), ended);
    context.run();
    if (failure) std::rethrow_exception(failure);
    return outcome;
}

}  // namespace lockstep::wire_test
