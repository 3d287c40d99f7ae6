#include "transport/inbox.h"

#include "base/error.h"

#include <boost/asio/co_spawn.hpp>

namespace lockstep::transport {
namespace {

constexpr std::size_t chunk_bytes_first = 4 * 1024;
constexpr std::size_t chunk_bytes_max = 64 * 1024;

std::size_t bytes_of(const GeneratorItem& item)
{
    const Request* request = std::get_if<Request>(&item);
    if (request == nullptr) return sizeof(GeneratorItem);
    return sizeof(GeneratorItem) + request->name.size() + request->xattrs_wanted.capacity() * 4 +
           request->sums.weak.capacity() * 4 + request->sums.strong.capacity();
}

std::size_t bytes_of(const Message& message)
{
    return sizeof(Message) + message.payload.size();
}

// Of a path or of a reason; the others are signs of life (PROTOCOL.md 8.3).
bool tells_something(Tag tag)
{
    return tag == Tag::error_xfer || tag == Tag::error || tag == Tag::warning || tag == Tag::info ||
           tag == Tag::deleted;
}

}  // namespace

Inbox::Inbox(std::shared_ptr<Stream> stream)
    : stream_(std::move(stream)), arrived_(stream_->executor()), taken_(stream_->executor())
{
}

void Inbox::start(Bytes first)
{
    const std::shared_ptr<Inbox> self = shared_from_this();
    const auto ended = [self](std::exception_ptr failure) {
        if (failure && !self->failure_) self->failure_ = failure;
        self->arrived_.notify();
    };
    asio::co_spawn(stream_->executor(), read(self, std::move(first)), ended);
}

void Inbox::fail(std::exception_ptr why)
{
    if (!failure_) failure_ = std::move(why);
    arrived_.notify();
    taken_.notify();
}

void Inbox::owe_sign()
{
    owed_ = true;
    arrived_.notify();
}

void Inbox::expect(RequestForm form)
{
    decoder_.emplace(form);
    owed_ = false;  // the list is sign enough
}

asio::awaitable<void> Inbox::read(std::shared_ptr<Inbox> self, Bytes first)
{
    if (!first.empty()) self->accept(first);
    std::vector<std::byte> chunk(chunk_bytes_first);
    while (!self->failure_) {
        while (self->items_bytes_ > items_bytes_max && !self->failure_)
            co_await self->taken_.wait();
        if (self->failure_) co_return;
        const std::size_t got = co_await self->stream_->read_some(chunk);
        if (got == 0)
            throw Error(ErrorKind::unreachable, Remedy::retry,
                        "connection closed by the daemon (" + self->stream_->peer() + ")");
        self->accept(std::span(chunk).first(got));
        // Most sessions never hear more than fits at once.
        if (got == chunk.size() && got < chunk_bytes_max) chunk.resize(got * 4);
    }
}

void Inbox::accept(std::span<const std::byte> bytes)
{
    received_ += bytes.size();
    bool told = false;
    Demux::Sink sink;
    sink.data = [&](std::span<const std::byte> data) {
        if (data.empty()) return;
        told = true;
        if (!decoder_)
            throw Error(ErrorKind::protocol, Remedy::retry,
                        "the daemon sent " + std::to_string(data.size()) +
                            " bytes of data before our file list");
        decoder_->feed(data);
    };
    sink.message = [&](Message message) {
        const bool tells = accept_message(std::move(message));
        told = told || tells;
    };
    demux_.feed(bytes, sink);
    if (activity_) activity_(told);
    if (decoder_) {
        while (std::optional<GeneratorItem> item = decoder_->next()) {
            items_bytes_ += bytes_of(*item);
            items_.push_back(std::move(*item));
        }
    }
    owe_sign();
}

bool Inbox::accept_message(Message message)
{
    if (message.tag == Tag::io_timeout) {
        const Bytes raw = [&] {
            Bytes bytes;
            put_bytes(bytes, message.payload);
            return bytes;
        }();
        Cursor cursor(raw);
        const std::optional<std::int32_t> seconds = cursor.i32();
        if (seconds && *seconds > 0) peer_timeout_ = std::chrono::seconds(*seconds);
        return false;
    }
    if (message.tag == Tag::error_exit) {
        std::string code = "without a code";
        Bytes raw;
        put_bytes(raw, message.payload);
        Cursor cursor(raw);
        if (const std::optional<std::int32_t> value = cursor.i32()) code = std::to_string(*value);
        failure_ = std::make_exception_ptr(Error(
            ErrorKind::protocol, Remedy::retry, "the daemon ended the session, exit code " + code));
        return true;
    }
    if (!tells_something(message.tag)) return false;
    const bool told = told_bytes_ < told_bytes_max;
    if (told)
        told_bytes_ += bytes_of(message);
    else if (message.tag != Tag::deleted)
        throw Error(
            ErrorKind::protocol, Remedy::retry,
            "the daemon said more than " + std::to_string(told_bytes_max) + " bytes of messages");
    if (hear_)
        hear_(message);
    else
        keep(std::move(message));
    return told;
}

void Inbox::keep(Message message)
{
    unheard_bytes_ += bytes_of(message);
    if (unheard_bytes_ > unheard_bytes_max)
        throw Error(ErrorKind::protocol, Remedy::retry,
                    "the daemon said more than " + std::to_string(unheard_bytes_max) +
                        " bytes of messages before our file list");
    unheard_.push_back(std::move(message));
}

void Inbox::on_message(std::function<void(const Message&)> hear)
{
    hear_ = std::move(hear);
    if (!hear_) return;
    unheard_bytes_ = 0;
    for (const Message& message : std::exchange(unheard_, {})) hear_(message);
}

std::optional<GeneratorItem> Inbox::take()
{
    if (items_.empty()) return std::nullopt;
    GeneratorItem item = std::move(items_.front());
    items_.pop_front();
    items_bytes_ -= bytes_of(item);
    if (items_bytes_ <= items_bytes_max / 2) taken_.notify();
    return item;
}

asio::awaitable<bool> Inbox::wait_for(std::chrono::milliseconds limit)
{
    if (!items_.empty()) co_return true;
    if (failure_) std::rethrow_exception(failure_);
    const bool arrived = co_await arrived_.wait_for(limit);
    if (items_.empty() && failure_) std::rethrow_exception(failure_);
    co_return arrived;
}

asio::awaitable<bool> Inbox::settle_for(std::chrono::milliseconds limit)
{
    if (failure_) co_return true;
    const bool arrived = co_await arrived_.wait_for(limit);
    co_return arrived;
}

}  // namespace lockstep::transport
