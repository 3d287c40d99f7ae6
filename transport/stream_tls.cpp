#include "transport/stream_tls.h"

#include "base/error.h"
#include "transport/deadline.h"
#include "transport/tls_engine.h"

#include <array>
#include <vector>

namespace lockstep::transport {
namespace {

constexpr std::size_t read_bytes = std::size_t{32} * 1024;
// As much is encrypted before it goes out, in one write where the line takes it.
constexpr std::size_t piece_bytes_max = std::size_t{128} * 1024;
constexpr std::chrono::milliseconds handshake_limit{30'000};
constexpr int last_reads_max = 64;

class TlsStream final : public Stream {
public:
    TlsStream(std::unique_ptr<Stream> line, std::string host, TlsFiles files)
        : line_(std::move(line)), engine_(std::move(host), std::move(files))
    {
        line_->on_written([this] { tell_written(); });
    }

    asio::awaitable<void> shake_hands()
    {
        for (;;) {
            bool over = false;
            std::exception_ptr failure;
            try {
                over = engine_.handshake();
            } catch (const Error& error) {
                failure = std::make_exception_ptr(placed(error));
            }
            try {
                co_await send_owed();  // an alert too: their log then says why
            } catch (const Error&) {
                if (!failure) throw;
            }
            if (failure) std::rethrow_exception(failure);
            if (over) co_return;
            co_await feed("in the middle of the handshake");
        }
    }

    asio::awaitable<std::size_t> read_some(std::span<std::byte> into) override
    {
        const Busy reading(reading_);
        for (;;) {
            if (failure_) std::rethrow_exception(failure_);
            const std::optional<std::size_t> got = read_decrypted(into);
            if (got) co_return *got;
            co_await feed("without TLS's closing word");
        }
    }

    // What reading makes us owe (an answer to a change of keys) goes along with the next write.
    asio::awaitable<void> write_all(std::span<const std::byte> bytes) override
    {
        while (!bytes.empty()) {
            if (failure_) std::rethrow_exception(failure_);
            const std::span<const std::byte> piece =
                bytes.first(std::min(bytes.size(), piece_bytes_max));
            encrypt(piece);
            std::exception_ptr lost;
            try {
                co_await send_owed();
            } catch (const Error&) {
                lost = std::current_exception();
            }
            if (lost) {
                if (!reading_) co_await hear_last_words();
                std::rethrow_exception(lost);
            }
            bytes = bytes.subspan(piece.size());
        }
    }

    void write_now(std::span<const std::byte>) noexcept override {}

    void fail(std::exception_ptr why) noexcept override
    {
        if (failure_) return;
        failure_ = why;
        if (!writing_) say_goodbye();
        line_->fail(std::move(why));
    }

    std::optional<LineFigures> figures() override { return line_->figures(); }
    asio::any_io_executor executor() override { return line_->executor(); }
    std::string peer() const override { return line_->peer(); }

private:
    Error placed(const Error& error) const { return error.in("TLS with " + line_->peer()); }

    asio::awaitable<void> feed(std::string_view cut)
    {
        const std::size_t got = co_await line_->read_some(received_);
        if (got == 0)
            throw Error(ErrorKind::unreachable, Remedy::retry,
                        "connection closed " + std::string(cut) + " (" + line_->peer() + ")");
        engine_.feed(std::span(received_).first(got));
    }

    // A peer that does not take us says why, and closes: our next write breaks before that is read.
    // Throws what it said, if that was a reason; returns when it said nothing.
    asio::awaitable<void> hear_last_words()
    {
        std::array<std::byte, 256> ignored{};
        for (int i = 0; i < last_reads_max; ++i) {
            std::size_t got = 0;
            try {
                got = co_await line_->read_some(received_);
            } catch (const Error&) {
                got = 0;
            }
            if (got == 0) co_return;
            engine_.feed(std::span(received_).first(got));
            const std::optional<std::size_t> read = read_decrypted(ignored);
            if (read == 0) co_return;
        }
    }

    asio::awaitable<void> send_owed()
    {
        const Bytes owed = engine_.take();
        if (owed.empty()) co_return;
        const Busy writing(writing_);
        co_await line_->write_all(owed);
    }

    std::optional<std::size_t> read_decrypted(std::span<std::byte> into)
    {
        try {
            return engine_.read(into);
        } catch (const Error& error) {
            throw placed(error);
        }
    }

    void encrypt(std::span<const std::byte> bytes)
    {
        try {
            engine_.write(bytes);
        } catch (const Error& error) {
            throw placed(error);
        }
    }

    void say_goodbye() noexcept
    {
        try {
            engine_.close();
            line_->write_now(engine_.take());
        } catch (...) {
            return;  // no memory for good manners
        }
    }

    // While a record may be half written nothing else may go out; and one reads at a time.
    class Busy {
    public:
        explicit Busy(bool& flag) : flag_(flag) { flag_ = true; }
        ~Busy() { flag_ = false; }
        Busy(const Busy&) = delete;
        Busy& operator=(const Busy&) = delete;

    private:
        bool& flag_;
    };

    std::unique_ptr<Stream> line_;
    TlsEngine engine_;
    std::vector<std::byte> received_ = std::vector<std::byte>(read_bytes);
    std::exception_ptr failure_;
    bool writing_ = false;
    bool reading_ = false;
};

}  // namespace

asio::awaitable<std::unique_ptr<Stream>> secure(std::unique_ptr<Stream> line, std::string host,
                                                TlsFiles files, std::chrono::milliseconds limit)
{
    auto stream = std::make_unique<TlsStream>(std::move(line), std::move(host), std::move(files));
    const Deadline deadline(*stream, std::min(limit, handshake_limit), "TLS handshake");
    co_await stream->shake_hands();
    co_return stream;
}

}  // namespace lockstep::transport
