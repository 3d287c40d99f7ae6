// Who runs where (ARCHITECTURE.md, threads).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <thread>

namespace lockstep::agent {

// A thread with a reactor of its own.
class Line {
public:
    Line() : thread_([this] { context_.run(); }) {}
    ~Line() { stop(); }
    Line(const Line&) = delete;
    Line& operator=(const Line&) = delete;

    boost::asio::any_io_executor executor() { return context_.get_executor(); }

    // What is under way ends; what has not begun goes with the object.
    void stop()
    {
        context_.stop();
        if (thread_.joinable()) thread_.join();
    }

private:
    boost::asio::io_context context_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> open_ =
        boost::asio::make_work_guard(context_);
    std::thread thread_;
};

// control() runs in whoever calls run(): events, dirty sets, status, signals, never file I/O on
// user data. The lines talk to daemons, read, hash and send: each destination is on one, so that no
// handler of a session waits for a lock or wakes another thread; beyond `lines_max` they share. The
// pool is for what takes long beside it. The store is one thread: it alone writes to the indexes.
class Executors {
public:
    static constexpr std::size_t lines_max = 32;

    Executors() : control_(1), pool_(std::max(2U, std::thread::hardware_concurrency())), store_(1)
    {
    }
    ~Executors()
    {
        pool_.stop();
        for (const std::unique_ptr<Line>& line : lines_)
            if (line) line->stop();
        pool_.join();
        store_.join();  // what was acknowledged is written
    }
    Executors(const Executors&) = delete;
    Executors& operator=(const Executors&) = delete;

    boost::asio::io_context& control() { return control_; }
    boost::asio::thread_pool& pool() { return pool_; }
    boost::asio::thread_pool& store() { return store_; }

    // For one more destination.
    boost::asio::any_io_executor line()
    {
        std::unique_ptr<Line>& line = lines_[next_line_++ % lines_max];
        if (!line) line = std::make_unique<Line>();
        return line->executor();
    }

private:
    boost::asio::io_context control_;
    std::array<std::unique_ptr<Line>, lines_max> lines_;
    std::size_t next_line_ = 0;
    boost::asio::thread_pool pool_;
    boost::asio::thread_pool store_;
};

}  // namespace lockstep::agent
