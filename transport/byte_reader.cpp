#include "transport/byte_reader.h"

#include "base/error.h"

#include <algorithm>

namespace lockstep::transport {
namespace {

// What is malformed is told with what it was meant to be and whose it is.
template <class Decode>
auto decoded(const std::string& what, const Stream& stream, Decode decode)
{
    try {
        return decode();
    } catch (const Error& error) {
        throw error.in(what + " (" + stream.peer() + ")");
    }
}

}  // namespace

asio::awaitable<void> ByteReader::more(const std::string& what)
{
    std::array<std::byte, 4096> chunk{};
    std::size_t got = 0;
    try {
        got = co_await stream_.read_some(chunk);
    } catch (const Error& error) {
        throw error.in(what);
    }
    if (got == 0)
        throw Error(ErrorKind::unreachable, Remedy::retry,
                    what + ": closed by the daemon (" + stream_.peer() + ")");
    buffer_.insert(buffer_.end(), chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(got));
    received_ += got;
    if (heard_) heard_();
}

void ByteReader::drop(std::size_t count)
{
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(count));
}

asio::awaitable<std::string> ByteReader::line(std::string what, std::size_t bytes_max)
{
    std::size_t looked_at = 0;
    for (;;) {
        const auto from = buffer_.begin() + static_cast<std::ptrdiff_t>(looked_at);
        const auto end = std::find(from, buffer_.end(), std::byte{'\n'});
        const auto length = static_cast<std::size_t>(end - buffer_.begin());
        if (length > bytes_max)
            throw Error(ErrorKind::protocol, Remedy::retry,
                        what + ": line longer than " + std::to_string(bytes_max) +
                            " bytes: no rsync daemon (" + stream_.peer() + ")");
        if (end != buffer_.end()) {
            std::string text(length, '\0');
            std::transform(buffer_.begin(), end, text.begin(),
                           [](std::byte b) { return static_cast<char>(b); });
            drop(length + 1);
            co_return text;
        }
        looked_at = buffer_.size();
        co_await more(what);
    }
}

asio::awaitable<std::int32_t> ByteReader::varint(std::string what)
{
    for (;;) {
        Cursor cursor(buffer_);
        const std::optional<std::int32_t> value =
            decoded(what, stream_, [&cursor] { return cursor.varint(); });
        if (value) {
            drop(cursor.consumed());
            co_return *value;
        }
        co_await more(what);
    }
}

asio::awaitable<std::int32_t> ByteReader::i32(std::string what)
{
    for (;;) {
        Cursor cursor(buffer_);
        const std::optional<std::int32_t> value = cursor.i32();
        if (value) {
            drop(cursor.consumed());
            co_return *value;
        }
        co_await more(what);
    }
}

asio::awaitable<std::string> ByteReader::vstring(std::string what)
{
    for (;;) {
        Cursor cursor(buffer_);
        std::optional<std::string> value =
            decoded(what, stream_, [&cursor] { return cursor.vstring(); });
        if (value) {
            drop(cursor.consumed());
            co_return std::move(*value);
        }
        co_await more(what);
    }
}

Bytes ByteReader::take_rest()
{
    return std::exchange(buffer_, {});
}

}  // namespace lockstep::transport
