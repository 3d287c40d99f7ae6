#include "transport/content_reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace lockstep::transport {

ContentReader::ContentReader(const Content& content, Extent extent)
    : content_(content), offset_(extent.from)
{
    const std::uint64_t end = std::min(content.size, extent.end.value_or(content.size));
    left_ = std::max(end, extent.from) - extent.from;
    if (!content_.read && left_ > chunk_bytes)
        ::posix_fadvise(content_.file.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
}

std::size_t ContentReader::wanted() const noexcept
{
    return error_ == 0 ? std::min<std::uint64_t>(left_, chunk_bytes) : 0;
}

std::size_t ContentReader::room_wanted() const noexcept
{
    return content_.read ? 0 : wanted();
}

std::span<const std::byte> ContentReader::next(std::span<std::byte> room)
{
    if (wanted() == 0) return {};
    std::span<const std::byte> bytes;
    if (content_.read)
        bytes = std::span(*content_.read).subspan(offset_, wanted());
    else
        bytes = room.first(read(room.first(std::min(room.size(), wanted()))));
    offset_ += bytes.size();
    left_ -= bytes.size();
    return bytes;
}

std::size_t ContentReader::read(std::span<std::byte> room)
{
    ssize_t got = 0;
    do {
        got = ::pread(content_.file.get(), room.data(), room.size(), static_cast<off_t>(offset_));
    } while (got < 0 && errno == EINTR);
    if (got < 0) error_ = errno;
    return got < 0 ? 0 : static_cast<std::size_t>(got);
}

}  // namespace lockstep::transport
