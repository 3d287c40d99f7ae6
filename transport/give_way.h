// A turn for the others.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstddef>

namespace lockstep::transport {

// A large file is read, and what is found to be there already goes nowhere: nothing makes such a
// coroutine wait, and whatever shares its executor would. After so many bytes it gives way.
constexpr std::size_t turn_bytes = std::size_t{4} * 1024 * 1024;

inline boost::asio::awaitable<void> give_way()
{
    const boost::asio::any_io_executor executor = co_await boost::asio::this_coro::executor;
    co_await boost::asio::post(executor, boost::asio::use_awaitable);
}

}  // namespace lockstep::transport
