#include "agent/push/source_files.h"

#include "agent/push/open_files.h"

#include <unistd.h>

#include <cerrno>

namespace lockstep::push {

SourceFiles::SourceFiles(const Beneath& source, ReadFiles* shared) : near_(source), shared_(shared)
{
}

transport::Content SourceFiles::open(const transport::Entry& entry)
{
    transport::Content content;
    const bool shares =
        shared_ != nullptr && entry.size <= ReadFiles::file_bytes_max && !entry.is_linked();
    if (shares) content.read = shared_->find(entry);
    content.size = entry.size;
    if (content.read) return content;

    const timespec looked_at = state::time_of_look();
    struct stat status {};
    Opened opened = near_.open_seen(entry.path, status);
    content.error = opened.error;
    if (!opened.fd) return content;
    if (!is_same_file(entry, status)) {
        content.error = ENOENT;
        return content;
    }
    const bool writing = (entry.waits || shares) && is_open_for_writing(opened.fd);
    if (writing && entry.waits) {
        held_.insert(entry.path);
        content.error = ETXTBSY;
        return content;
    }
    content.size = static_cast<std::uint64_t>(status.st_size);
    if (shares && !writing) content.read = read_all(opened.fd, content.size);
    if (content.read)
        shared_->add(entry.path, state::fingerprint_of(status, looked_at), content.read);
    else
        content.file = std::move(opened.fd);
    return content;
}

// Null where it is no longer that long, or cannot be read: who is asked for it will tell.
ReadFiles::Content SourceFiles::read_all(const Fd& file, std::size_t size)
{
    buffer_.resize(ReadFiles::file_bytes_max + 1);
    const ssize_t got = ::pread(file.get(), buffer_.data(), buffer_.size(), 0);
    if (got < 0 || static_cast<std::size_t>(got) != size) return nullptr;
    return std::make_shared<const std::vector<std::byte>>(buffer_.begin(), buffer_.begin() + got);
}

}  // namespace lockstep::push
