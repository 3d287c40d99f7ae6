// The source's root directory: which one it is, and whether its path still leads to it.
#pragma once

#include "base/fd.h"

#include <sys/stat.h>

#include <optional>
#include <string>

namespace lockstep::watcher {

// Remembers device and inode. Holds a descriptor only from fd() to release(): one held for ever
// would keep the file system from being unmounted. A symlink as the source itself is followed.
class Root {
public:
    explicit Root(std::string path) : path_(std::move(path)) {}

    // Makes the directory that `path` names now the root. Empty, or a sentence that says why it
    // cannot be.
    std::string acquire();
    // -1 when the path names another directory than the one acquired, or none.
    int fd();
    void release() { fd_ = Fd(); }

    // Empty while the path names the directory acquired; otherwise what happened, as a sentence.
    std::string missing() const;

    const std::string& path() const noexcept { return path_; }
    dev_t device() const noexcept { return device_; }

private:
    bool is_it(const struct stat& status) const
    {
        return status.st_dev == device_ && status.st_ino == inode_;
    }

    std::string path_;
    Fd fd_;
    dev_t device_ = 0;
    ino_t inode_ = 0;
};

}  // namespace lockstep::watcher
