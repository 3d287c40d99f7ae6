// Who runs where: one control thread, a pool for transfers (ARCHITECTURE.md, threads).
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include <algorithm>
#include <thread>

namespace lockstep::agent {

// control() runs in whoever calls run(): events, dirty sets, status, signals, never file I/O on
// user data. The pool reads, hashes and sends. The store is one thread: it alone writes to the
// indexes.
class Executors {
public:
    Executors() : control_(1), pool_(std::max(2U, std::thread::hardware_concurrency())), store_(1)
    {
    }
    ~Executors()
    {
        pool_.stop();
        pool_.join();
        store_.join();  // what was acknowledged is written
    }
    Executors(const Executors&) = delete;
    Executors& operator=(const Executors&) = delete;

    boost::asio::io_context& control() { return control_; }
    boost::asio::thread_pool& pool() { return pool_; }
    boost::asio::thread_pool& store() { return store_; }

private:
    boost::asio::io_context control_;
    boost::asio::thread_pool pool_;
    boost::asio::thread_pool store_;
};

}  // namespace lockstep::agent
