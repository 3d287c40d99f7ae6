#include "transport/outbox.h"

namespace lockstep::transport {

asio::awaitable<void> Outbox::flush_if_large()
{
    if (data_.size() >= flush_bytes) co_await flush();
}

asio::awaitable<void> Outbox::flush()
{
    if (data_.empty()) co_return;
    Bytes wire;
    if (multiplexed_) {
        wire.reserve(data_.size() + 64);
        put_frame(wire, Tag::data, data_);
    } else {
        wire = data_;
    }
    data_.clear();
    sent_ += wire.size();
    co_await stream_.write_all(wire);
}

asio::awaitable<void> Outbox::message(Tag tag, Bytes payload)
{
    if (!multiplexed_) co_return;
    co_await flush();
    Bytes wire;
    put_frame(wire, tag, payload);
    sent_ += wire.size();
    co_await stream_.write_all(wire);
}

asio::awaitable<void> Outbox::keepalive()
{
    if (!multiplexed_) co_return;
    Bytes wire;
    put_keepalive(wire);
    sent_ += wire.size();
    co_await stream_.write_all(wire);
}

asio::awaitable<void> Outbox::say_something()
{
    if (data_.empty())
        co_await keepalive();
    else
        co_await flush();
}

}  // namespace lockstep::transport
