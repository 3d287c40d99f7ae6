#include "transport/stream_program.h"

#include "base/error.h"
#include "base/spawn.h"
#include "transport/program_end.h"
#include "transport/signal.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <csignal>
#include <optional>
#include <system_error>

namespace lockstep::transport {
namespace {

using boost::system::error_code;
using std::chrono::milliseconds;

constexpr std::size_t last_words_bytes_max = std::size_t{4} * 1024;
// From the end of its output to its own end, and from one request to end to the next, harder one.
constexpr milliseconds end_limit{2000};
// For what a program leaves behind when it ends to follow it.
constexpr milliseconds leftover_limit{500};
// When there is nobody left to wait: the agent ends.
constexpr int last_wait_ms = 100;

struct Started {
    Spawned process;
    Fd socket;  // its standard input and its standard output
    Fd errors;  // its standard error
};

int checked(int result)
{
    if (result < 0) throw std::system_error(errno, std::generic_category());
    return result;
}

Started start_connected(const std::vector<std::string>& argv)
{
    std::array<int, 2> ends{};
    checked(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()));
    Started started;
    started.socket = Fd(ends[0]);
    const Fd its_socket = above_standard(Fd(ends[1]));
    checked(::pipe2(ends.data(), O_CLOEXEC));
    started.errors = Fd(ends[0]);
    const Fd its_errors = above_standard(Fd(ends[1]));
    checked(::fcntl(started.errors.get(), F_SETFL, O_NONBLOCK));

    Spawn program;
    program.argv = argv;
    program.input = its_socket.get();
    program.output = its_socket.get();
    program.errors = its_errors.get();
    program.own_session = true;  // without a terminal nobody is asked for a password
    started.process = spawn(program);
    return started;
}

Started start(const std::vector<std::string>& argv)
{
    try {
        return start_connected(argv);
    } catch (const std::system_error& error) {
        const int why = error.code().value();
        const bool passing = why == EAGAIN || why == ENOMEM || why == EMFILE || why == ENFILE;
        throw_errno(ErrorKind::local, passing ? Remedy::retry : Remedy::needs_person, "start",
                    argv.front(), why);
    }
}

// Lives until the program is reaped, and a little longer than whoever started it if need be.
class Program : public std::enable_shared_from_this<Program> {
public:
    Program(const asio::any_io_executor& executor, Spawned process, Fd errors)
        : process_(std::move(process)),
          ended_(executor, process_.ended.release()),
          errors_(executor, errors.release()),
          ending_(executor),
          closed_(executor),
          for_reader_(executor),
          for_writer_(executor)
    {
    }

    // Not reaped: its executor has gone.
    ~Program()
    {
        if (status_) return;
        process_.signal(SIGTERM);
        pollfd ended{ended_.native_handle(), POLLIN, 0};
        ::poll(&ended, 1, last_wait_ms);
    }

    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    void begin()
    {
        const asio::any_io_executor executor = ended_.get_executor();
        asio::co_spawn(executor, hear(shared_from_this()), asio::detached);
        asio::co_spawn(executor, await_end(shared_from_this()), asio::detached);
        asio::co_spawn(executor, make_end(shared_from_this()), asio::detached);
    }

    // As waitpid() gives it, once it has ended; none after `end_limit`. One caller of each kind.
    asio::awaitable<std::optional<int>> end_for_reader() { return end_told_by(for_reader_); }
    asio::awaitable<std::optional<int>> end_for_writer() { return end_told_by(for_writer_); }

    const std::string& last_words() const noexcept { return last_words_; }

    // Nobody has the other end of its output any more, or nobody wants to know.
    void output_ended() noexcept
    {
        output_ended_ = true;
        closed_.notify();
    }

    // It is to end, now that both directions are closed. Starts nothing: the executor may be going.
    void let_go() noexcept
    {
        let_go_ = true;
        ending_.notify();
        output_ended();
    }

private:
    template <class Come>
    static asio::awaitable<void> wait_until(Come come, Signal& signal, milliseconds for_at_most)
    {
        const auto limit = std::chrono::steady_clock::now() + for_at_most;
        while (!come()) {
            const auto left =
                std::chrono::ceil<milliseconds>(limit - std::chrono::steady_clock::now());
            if (left.count() <= 0) break;
            [[maybe_unused]] const bool told = co_await signal.wait_for(left);
        }
    }

    asio::awaitable<std::optional<int>> end_told_by(Signal& signal)
    {
        const auto ended = [this] { return status_.has_value(); };
        co_await wait_until(ended, signal, end_limit);
        co_return status_;
    }

    static asio::awaitable<void> hear(std::shared_ptr<Program> self)
    {
        error_code error;
        while (!error) {
            co_await self->errors_.async_wait(asio::posix::stream_descriptor::wait_read,
                                              asio::redirect_error(asio::use_awaitable, error));
            if (!error && !self->take_words()) break;
        }
    }

    // False at the end of what it says.
    bool take_words()
    {
        std::array<char, 4096> buffer{};
        for (int reads = 0; reads < 16; ++reads) {  // somebody may write on and on
            const ssize_t got = ::read(errors_.native_handle(), buffer.data(), buffer.size());
            if (got < 0) return errno == EAGAIN || errno == EINTR;
            if (got == 0) return false;
            last_words_.append(buffer.data(), static_cast<std::size_t>(got));
            if (last_words_.size() > last_words_bytes_max)
                last_words_.erase(0, last_words_.size() - last_words_bytes_max);
        }
        return true;
    }

    static asio::awaitable<void> await_end(std::shared_ptr<Program> self)
    {
        error_code error;
        while (!error && !self->process_.has_ended())
            co_await self->ended_.async_wait(asio::posix::stream_descriptor::wait_read,
                                             asio::redirect_error(asio::use_awaitable, error));
        if (error) co_return;
        // What it has left behind, such as a receiver without a generator, has the other end too; a
        // receiver that is told to end may want to wait for us instead, and we would for it.
        self->process_.signal(SIGTERM);
        const auto output_ended = [&self] { return self->output_ended_; };
        co_await wait_until(output_ended, self->closed_, leftover_limit);
        self->process_.signal(SIGKILL);
        self->reap();
    }

    void reap()
    {
        status_ = process_.reap();
        take_words();
        errors_.cancel();  // a shared ssh connection may hold its other end for long
        ending_.notify();
        for_reader_.notify();
        for_writer_.notify();
    }

    static asio::awaitable<void> make_end(std::shared_ptr<Program> self)
    {
        while (!self->let_go_ && !self->status_) co_await self->ending_.wait();
        for (int harder = 0; harder < 2; ++harder) {
            if (self->status_) co_return;
            [[maybe_unused]] const bool told = co_await self->ending_.wait_for(end_limit);
            self->process_.signal(harder == 0 ? SIGTERM : SIGKILL);
        }
    }

    Spawned process_;
    asio::posix::stream_descriptor ended_;
    asio::posix::stream_descriptor errors_;
    Signal ending_;
    Signal closed_;
    Signal for_reader_;
    Signal for_writer_;
    std::string last_words_;
    std::optional<int> status_;
    bool output_ended_ = false;
    bool let_go_ = false;
};

class ProgramStream final : public Stream {
public:
    ProgramStream(const asio::any_io_executor& executor, Reach reach, Started started,
                  std::string name)
        : reach_(reach),
          name_(std::move(name)),
          socket_(executor, asio::local::stream_protocol(), started.socket.release()),
          program_(std::make_shared<Program>(executor, std::move(started.process),
                                             std::move(started.errors)))
    {
        program_->begin();
    }

    ~ProgramStream() override { program_->let_go(); }

    ProgramStream(const ProgramStream&) = delete;
    ProgramStream& operator=(const ProgramStream&) = delete;

    asio::awaitable<std::size_t> read_some(std::span<std::byte> into) override
    {
        if (failure_) std::rethrow_exception(failure_);
        error_code error;
        const asio::mutable_buffer buffer(into.data(), into.size());
        const std::size_t got = co_await socket_.async_read_some(
            buffer, asio::redirect_error(asio::use_awaitable, error));
        if (!error) co_return got;
        program_->output_ended();
        rethrow_own(error);
        const std::optional<int> status = co_await program_->end_for_reader();
        throw_trouble(status);
        if (error == asio::error::eof) co_return 0;
        throw broken("read", error);
    }

    asio::awaitable<void> write_all(std::span<const std::byte> bytes) override
    {
        while (!bytes.empty()) {
            if (failure_) std::rethrow_exception(failure_);
            error_code error;
            const asio::const_buffer buffer(bytes.data(), bytes.size());
            const std::size_t taken = co_await socket_.async_write_some(
                buffer, asio::redirect_error(asio::use_awaitable, error));
            if (error) co_await throw_write_failure(error);
            bytes = bytes.subspan(taken);
            tell_written();
        }
    }

    void fail(std::exception_ptr why) noexcept override
    {
        if (failure_) return;
        failure_ = std::move(why);
        error_code ignored;
        socket_.close(ignored);
        program_->let_go();
    }

    asio::any_io_executor executor() override { return socket_.get_executor(); }
    std::string peer() const override { return name_; }

private:
    // What we did ourselves.
    void rethrow_own(error_code error) const
    {
        if (failure_) std::rethrow_exception(failure_);
        if (error == asio::error::operation_aborted) throw boost::system::system_error(error);
    }

    void throw_trouble(std::optional<int> status) const
    {
        if (failure_) std::rethrow_exception(failure_);
        if (!status) return;
        ProgramEnd end;
        end.reach = reach_;
        end.name = name_;
        end.status = *status;
        end.last_words = program_->last_words();
        const std::optional<Error> trouble = trouble_of(end);
        if (trouble) throw Error(*trouble);
    }

    asio::awaitable<void> throw_write_failure(error_code error)
    {
        rethrow_own(error);
        const std::optional<int> status = co_await program_->end_for_writer();
        throw_trouble(status);
        throw broken("write", error);
    }

    Error broken(std::string_view what, error_code error) const
    {
        return {ErrorKind::unreachable, Remedy::retry,
                std::string(what) + " (" + name_ + "): " + error.message()};
    }

    Reach reach_;
    std::string name_;
    asio::local::stream_protocol::socket socket_;
    std::shared_ptr<Program> program_;
    std::exception_ptr failure_;
};

}  // namespace

std::unique_ptr<Stream> run_program(asio::any_io_executor executor, Reach reach,
                                    const std::vector<std::string>& argv, std::string name)
{
    return std::make_unique<ProgramStream>(executor, reach, start(argv), std::move(name));
}

}  // namespace lockstep::transport
