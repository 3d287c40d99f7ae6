#include "transport/content_reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace lockstep::transport {

ContentReader::ContentReader(const Content& content, Extent extent, Bytes& chunk)
    : content_(content), chunk_(chunk), offset_(extent.from)
{
    const std::uint64_t end = std::min(content.size, extent.end.value_or(content.size));
    left_ = std::max(end, extent.from) - extent.from;
    if (content_.read) return;
    if (left_ > chunk_bytes) ::posix_fadvise(content_.file.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
    const std::size_t needed = std::min<std::uint64_t>(left_, chunk_bytes);
    if (chunk_.size() < needed) chunk_.resize(needed);
}

std::span<const std::byte> ContentReader::next()
{
    if (left_ == 0 || error_ != 0) return {};
    const std::size_t wanted = std::min<std::uint64_t>(left_, chunk_bytes);
    std::span<const std::byte> bytes;
    if (content_.read)
        bytes = std::span(*content_.read).subspan(offset_, wanted);
    else
        bytes = std::span(chunk_).first(read(wanted));
    offset_ += bytes.size();
    left_ -= bytes.size();
    return bytes;
}

std::size_t ContentReader::read(std::size_t wanted)
{
    ssize_t got = 0;
    do {
        got = ::pread(content_.file.get(), chunk_.data(), wanted, static_cast<off_t>(offset_));
    } while (got < 0 && errno == EINTR);
    if (got < 0) error_ = errno;
    return got < 0 ? 0 : static_cast<std::size_t>(got);
}

}  // namespace lockstep::transport
