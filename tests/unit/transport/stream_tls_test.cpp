// TLS against OpenSSL's own server, in memory.
#include "transport/stream_tls.h"

#include "base/error.h"
#include "tests/support/certificates.h"
#include "transport/wire.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <functional>

namespace lockstep::transport {
namespace {

using namespace std::chrono_literals;

struct FreeContext {
    void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
};
struct FreeSsl {
    void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
};

// Hears, and says what the test wants.
class Server {
public:
    explicit Server(const testing::Certificate& certificate)
        : context_(SSL_CTX_new(TLS_server_method()))
    {
        REQUIRE(SSL_CTX_use_certificate_chain_file(context_.get(), certificate.file.c_str()) == 1);
        REQUIRE(SSL_CTX_use_PrivateKey_file(context_.get(), certificate.key_file.c_str(),
                                            SSL_FILETYPE_PEM) == 1);
        ssl_.reset(SSL_new(context_.get()));
        in_ = BIO_new(BIO_s_mem());
        out_ = BIO_new(BIO_s_mem());
        SSL_set_bio(ssl_.get(), in_, out_);
        SSL_set_accept_state(ssl_.get());
    }

    void feed(std::span<const std::byte> bytes)
    {
        std::size_t taken = 0;
        REQUIRE(BIO_write_ex(in_, bytes.data(), bytes.size(), &taken) == 1);
        std::array<char, 4096> buffer{};
        std::size_t got = 0;
        while (SSL_read_ex(ssl_.get(), buffer.data(), buffer.size(), &got) == 1)
            heard.append(buffer.data(), got);
    }
    Bytes take()
    {
        Bytes bytes(BIO_ctrl_pending(out_));
        std::size_t taken = 0;
        if (!bytes.empty()) BIO_read_ex(out_, bytes.data(), bytes.size(), &taken);
        return bytes;
    }
    void say(const std::string& text)
    {
        std::size_t written = 0;
        REQUIRE(SSL_write_ex(ssl_.get(), text.data(), text.size(), &written) == 1);
    }
    void change_keys() { REQUIRE(SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED) == 1); }
    void close() { SSL_shutdown(ssl_.get()); }
    bool was_closed() const { return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0; }

    std::string heard;

private:
    std::unique_ptr<SSL_CTX, FreeContext> context_;
    std::unique_ptr<SSL, FreeSsl> ssl_;
    BIO* in_ = nullptr;
    BIO* out_ = nullptr;
};

// The line to it, in pieces of `step` bytes; at its end once the server has nothing to say.
class Line final : public Stream {
public:
    Line(asio::any_io_executor executor, Server& server, std::size_t step)
        : executor_(std::move(executor)), server_(server), step_(step)
    {
    }

    asio::awaitable<std::size_t> read_some(std::span<std::byte> into) override
    {
        const Bytes more = server_.take();
        waiting_.insert(waiting_.end(), more.begin(), more.end());
        const std::size_t got = std::min({waiting_.size(), into.size(), step_});
        std::copy_n(waiting_.begin(), got, into.begin());
        waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(got));
        if (damage && got > 0) into[got - 1] ^= std::byte{1};
        co_return got;
    }
    asio::awaitable<void> write_all(std::span<const std::byte> bytes) override
    {
        while (!bytes.empty()) {
            const std::size_t size = std::min(bytes.size(), step_);
            server_.feed(bytes.first(size));
            bytes = bytes.subspan(size);
        }
        co_return;
    }
    void write_now(std::span<const std::byte> bytes) noexcept override { server_.feed(bytes); }
    void fail(std::exception_ptr) noexcept override {}
    asio::any_io_executor executor() override { return executor_; }
    std::string peer() const override { return "192.0.2.1:874"; }

    bool damage = false;

private:
    asio::any_io_executor executor_;
    Server& server_;
    std::size_t step_;
    Bytes waiting_;
};

asio::awaitable<std::string> read_text(Stream& stream, std::size_t size)
{
    std::string text;
    std::array<std::byte, 1000> buffer{};
    while (text.size() < size) {
        const std::size_t got = co_await stream.read_some(buffer);
        if (got == 0) break;
        text.append(reinterpret_cast<const char*>(buffer.data()), got);
    }
    co_return text;
}

asio::awaitable<void> write_text(Stream& stream, std::string text)
{
    const std::span<const char> chars(text);
    co_await stream.write_all(std::as_bytes(chars));
}

struct Ends {
    testing::Authority authority{"a"};
    Server server{authority.issue()};
    std::size_t step = std::size_t{16} * 1024;
    Line* line = nullptr;  // below the stream, while it lives
    std::string ours;      // what a talk says, what it is told, and what it has read
    std::string theirs;
    std::string read;
};

using Talk = std::function<asio::awaitable<void>(Ends&, Stream&)>;

asio::awaitable<void> talk_to(Ends& ends, Talk talk)
{
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    auto line = std::make_unique<Line>(executor, ends.server, ends.step);
    ends.line = line.get();
    TlsFiles files;
    files.ca_file = ends.authority.file();
    const std::unique_ptr<Stream> stream =
        co_await secure(std::move(line), "localhost", std::move(files), 10s);
    co_await talk(ends, *stream);
}

// Throws what the talk threw.
void run(Ends& ends, const Talk& talk)
{
    asio::io_context context(1);
    std::exception_ptr failure;
    const auto ended = [&failure](std::exception_ptr how) { failure = how; };
    asio::co_spawn(context, talk_to(ends, talk), ended);
    context.run();
    if (failure) std::rethrow_exception(failure);
}

}  // namespace

TEST_CASE("what is said over TLS arrives, however the line cuts it", "[transport][tls]")
{
    Ends ends;
    ends.step = GENERATE(std::size_t{1}, std::size_t{7}, std::size_t{100'000});
    ends.ours = testing::random_bytes(300'000, 1);
    ends.theirs = testing::random_bytes(100'000, 2);

    const Talk talk = [](Ends& there, Stream& stream) -> asio::awaitable<void> {
        co_await write_text(stream, there.ours);
        there.server.say(there.theirs);
        there.read = co_await read_text(stream, there.theirs.size());
    };
    run(ends, talk);

    CHECK((ends.server.heard == ends.ours));
    CHECK((ends.read == ends.theirs));
}

TEST_CASE("the end of the stream is the one that the peer declares", "[transport][tls]")
{
    Ends ends;
    const bool declared = GENERATE(true, false);
    ends.theirs = declared ? "declared" : "";
    const Talk talk = [](Ends& there, Stream& stream) -> asio::awaitable<void> {
        there.server.say("last words");
        if (!there.theirs.empty()) there.server.close();
        there.read = co_await read_text(stream, 1000);
    };

    if (declared)
        run(ends, talk);
    else
        CHECK_THROWS_WITH(run(ends, talk), Catch::Contains("without TLS's closing word"));

    CHECK(ends.read == (declared ? "last words" : ""));
}

TEST_CASE("a stream that is failed says goodbye, and nothing else after it", "[transport][tls]")
{
    Ends ends;
    const Talk talk = [](Ends&, Stream& stream) -> asio::awaitable<void> {
        stream.fail(std::make_exception_ptr(Error(ErrorKind::timeout, Remedy::retry, "enough")));
        co_await write_text(stream, "more");
    };

    CHECK_THROWS_WITH(run(ends, talk), "enough");

    CHECK(ends.server.was_closed());
    CHECK(ends.server.heard.empty());
}

TEST_CASE("keys may be changed on the way", "[transport][tls]")
{
    Ends ends;
    const Talk talk = [](Ends& there, Stream& stream) -> asio::awaitable<void> {
        co_await write_text(stream, "before");
        there.server.change_keys();
        there.server.say("changed");
        there.read = co_await read_text(stream, 7);
        co_await write_text(stream, ", after");
    };
    run(ends, talk);

    CHECK(ends.read == "changed");
    CHECK(ends.server.heard == "before, after");
}

TEST_CASE("a damaged byte ends the stream, and the same may be tried again", "[transport][tls]")
{
    Ends ends;
    const Talk talk = [](Ends& there, Stream& stream) -> asio::awaitable<void> {
        there.line->damage = true;
        there.server.say("text");
        const std::string read = co_await read_text(stream, 4);
        CHECK(read.empty());
    };

    std::optional<Error> error;
    try {
        run(ends, talk);
    } catch (const Error& failure) {
        error = failure;
    }
    REQUIRE(error);
    CHECK(name_of(error->kind()) == "tls");
    CHECK(error->remedy() == Remedy::retry);
    CHECK_THAT(error->what(), Catch::StartsWith("TLS with 192.0.2.1:874: what came is damaged"));
}

}  // namespace lockstep::transport
