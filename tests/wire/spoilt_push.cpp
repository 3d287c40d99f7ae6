#include "spoilt_push.h"

#include "tests/wire/files_below.h"
#include "transport/mux.h"
#include "transport/stream_tcp.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <functional>

namespace lockstep::wire_test {
namespace {

using namespace transport;

class Through : public Stream {
public:
    explicit Through(std::unique_ptr<Stream> inner) : inner_(std::move(inner)) {}

    asio::awaitable<std::size_t> read_some(std::span<std::byte> into) override
    {
        const std::size_t got = co_await inner_->read_some(into);
        co_return got;
    }
    void fail(std::exception_ptr why) noexcept override { inner_->fail(std::move(why)); }
    asio::any_io_executor executor() override { return inner_->executor(); }
    std::string peer() const override { return inner_->peer(); }

protected:
    Stream& inner() { return *inner_; }

private:
    std::unique_ptr<Stream> inner_;
};

// Hands everything on, but turns one byte of `marker` into another the first time it is written.
class Spoiling final : public Through {
public:
    Spoiling(std::unique_ptr<Stream> inner, std::string marker)
        : Through(std::move(inner)), marker_(std::move(marker))
    {
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
        co_await inner().write_all(copy);
    }

private:
    std::string marker_;
    bool spoilt_ = false;
};

// Of a daemon that has gone: takes no sign of life, which is an empty frame.
class Deaf final : public Through {
public:
    Deaf(std::unique_ptr<Stream> inner, std::size_t& unheard)
        : Through(std::move(inner)), unheard_(unheard)
    {
    }

    asio::awaitable<void> write_all(std::span<const std::byte> bytes) override
    {
        Bytes sign;
        put_keepalive(sign);
        if (std::ranges::equal(bytes, sign)) {
            ++unheard_;
            throw Error(ErrorKind::unreachable, Remedy::retry, "write: Broken pipe");
        }
        co_await inner().write_all(bytes);
    }

private:
    std::size_t& unheard_;
};

using Wrap = std::function<std::unique_ptr<Stream>(std::unique_ptr<Stream>)>;

asio::awaitable<void> run(Endpoint endpoint, PushOptions options, Wrap wrap, const PushList& list,
                          const Beneath& source, PushOutcome& outcome)
{
    std::unique_ptr<Stream> line =
        co_await connect_tcp(endpoint.host, endpoint.port, endpoint.timeout);
    std::unique_ptr<Stream> wrapped = wrap(std::move(line));
    const std::unique_ptr<PushSession> session =
        co_await connect_over(std::move(wrapped), std::move(endpoint), std::move(options));
    FilesBelow files(source);
    outcome = co_await session->push(list, files, nullptr);
}

PushOutcome push_wrapped(const Endpoint& endpoint, const PushOptions& options, const Wrap& wrap,
                         const PushList& list, const std::string& source)
{
    asio::io_context context(1);
    const Beneath beneath(source, true);
    PushOutcome outcome;
    std::exception_ptr failure;
    const auto ended = [&failure](std::exception_ptr how) { failure = how; };
    asio::co_spawn(context, run(endpoint, options, wrap, list, beneath, outcome), ended);
    context.run();
    if (failure) std::rethrow_exception(failure);
    return outcome;
}

}  // namespace

PushOutcome push_spoilt(const Endpoint& endpoint, const PushOptions& options,
                        const std::string& marker, const PushList& list, const std::string& source)
{
    const auto spoil = [&marker](std::unique_ptr<Stream> line) {
        return std::make_unique<Spoiling>(std::move(line), marker);
    };
    return push_wrapped(endpoint, options, spoil, list, source);
}

PushOutcome push_unheard(const Endpoint& endpoint, const PushOptions& options, const PushList& list,
                         const std::string& source, std::size_t& unheard)
{
    const auto deafen = [&unheard](std::unique_ptr<Stream> line) {
        return std::make_unique<Deaf>(std::move(line), unheard);
    };
    return push_wrapped(endpoint, options, deafen, list, source);
}

}  // namespace lockstep::wire_test
