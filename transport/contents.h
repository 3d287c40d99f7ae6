// Where a session reads the files of its list.
#pragma once

#include "base/fd.h"
#include "transport/push_list.h"
#include "transport/wire.h"

#include <sys/stat.h>

#include <cstdint>
#include <memory>

namespace lockstep::transport {

// A file that is open, or what it held when it was read, or the errno that says why there is
// neither.
struct Content {
    Fd file;
    std::shared_ptr<const Bytes> read;
    std::uint64_t size = 0;
    int error = 0;
};

// Blocking file I/O. One session at a time.
class Contents {
public:
    Contents() = default;
    virtual ~Contents() = default;
    Contents(const Contents&) = delete;
    Contents& operator=(const Contents&) = delete;

    // Of a regular file of the list. What has the name of a linked file must be that file
    // (is_same_file): it gives its content to the other names of its group.
    virtual Content open(const Entry& entry) = 0;
};

// False where another file has taken the name of one that has several.
inline bool is_same_file(const Entry& entry, const struct stat& now) noexcept
{
    return !entry.is_linked() ||
           (link_device(now.st_dev) == entry.link_dev && now.st_ino == entry.link_inode);
}

}  // namespace lockstep::transport
