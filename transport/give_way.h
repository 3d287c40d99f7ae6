// A turn for the others.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstddef>

namespace lockstep::transport {

// A large file is read, and what is found to be there already goes nowhere: nothing makes such a
// coroutine wait, and whatever shares its executor would. When its turn is over it gives way.
class Turn {
public:
    static constexpr std::size_t bytes_max = std::size_t{4} * 1024 * 1024;

    // So many bytes more were dealt with.
    bool is_over_after(std::size_t bytes)
    {
        bytes_ += bytes;
        if (bytes_ < bytes_max) return false;
        bytes_ = 0;
        return true;
    }

private:
    std::size_t bytes_ = 0;
};

inline boost::asio::awaitable<void> give_way()
{
    const boost::asio::any_io_executor executor = co_await boost::asio::this_coro::executor;
    co_await boost::asio::post(executor, boost::asio::use_awaitable);
}

}  // namespace lockstep::transport
