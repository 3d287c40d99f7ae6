#include "tests/unit/status/running_server.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <stdexcept>
#include <thread>

namespace lockstep::status {
namespace {

namespace asio = boost::asio;
using lockstep::testing::operator/;

asio::awaitable<CommandResult> done(CommandResult result)
{
    co_return result;
}

asio::awaitable<CommandResult> held(std::shared_ptr<FakeControl> fake, CommandResult result)
{
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor);
    try {
        while (fake->holding) {
            timer.expires_after(std::chrono::milliseconds(2));
            co_await timer.async_wait(asio::use_awaitable);
        }
    } catch (const boost::system::system_error&) {
        ++fake->flushes_cancelled;
        throw;
    }
    if (fake->throwing) throw std::runtime_error("out of \xff luck");
    co_return result;
}

std::string joined(const std::vector<std::string>& names)
{
    std::string all;
    for (const std::string& name : names) all += (all.empty() ? "" : ",") + name;
    return all;
}

}  // namespace

void FakeControl::set_snapshot(std::shared_ptr<const Snapshot> snapshot)
{
    const std::lock_guard lock(mutex_);
    snapshot_ = std::move(snapshot);
}

void FakeControl::set_result(CommandResult result)
{
    const std::lock_guard lock(mutex_);
    result_ = std::move(result);
}

std::vector<std::string> FakeControl::calls() const
{
    const std::lock_guard lock(mutex_);
    return calls_;
}

CommandResult FakeControl::note(std::string call)
{
    const std::lock_guard lock(mutex_);
    calls_.push_back(std::move(call));
    return result_;
}

std::shared_ptr<const Snapshot> FakeControl::snapshot() const
{
    const std::lock_guard lock(mutex_);
    return snapshot_;
}

Control control_of(const std::shared_ptr<FakeControl>& fake)
{
    Control control;
    control.snapshot = [fake] { return fake->snapshot(); };
    control.flush = [fake](const std::vector<std::string>& names,
                           std::optional<std::chrono::milliseconds> timeout) {
        const std::string limit = timeout ? std::to_string(timeout->count()) : "-";
        return held(fake, fake->note("flush " + joined(names) + " " + limit));
    };
    control.resync = [fake](const std::string& name, bool accept_empty) {
        return done(fake->note("resync " + name + (accept_empty ? " 1" : " 0")));
    };
    control.pause = [fake](const std::string& name) { return done(fake->note("pause " + name)); };
    control.resume = [fake](const std::string& name, bool accept_deletes) {
        return done(fake->note("resume " + name + (accept_deletes ? " 1" : " 0")));
    };
    control.reload = [fake] {
        if (fake->throwing) throw std::runtime_error("not even begun");
        return done(fake->note("reload"));
    };
    return control;
}

struct RunningServer::Thread {
    Thread(HttpOptions options, const std::shared_ptr<FakeControl>& control)
        : server(io.get_executor(), std::move(options), control_of(control)),
          runner([this] { io.run(); })
    {
    }

    asio::io_context io;
    HttpServer server;
    std::thread runner;
};

RunningServer::RunningServer(Snapshot snapshot, HttpOptions options)
    : control(std::make_shared<FakeControl>(std::move(snapshot)))
{
    options.unix_socket = socket();
    thread_ = std::make_unique<Thread>(std::move(options), control);
}

RunningServer::~RunningServer()
{
    stop();
}

std::string RunningServer::socket() const
{
    return dir_ / "status.sock";
}

std::uint16_t RunningServer::tcp_port() const
{
    return thread_->server.tcp_port();
}

void RunningServer::publish(EventLine line)
{
    thread_->server.publish(std::move(line));
}

void RunningServer::stop()
{
    if (!thread_->runner.joinable()) return;
    asio::post(thread_->io, [this] { thread_->server.stop(); });
    thread_->runner.join();
}

}  // namespace lockstep::status
