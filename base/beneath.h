// Opens paths below a directory and never outside it, whatever is swapped meanwhile.
#pragma once

#include "base/fd.h"
#include "base/followed_links.h"

#include <sys/stat.h>

#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

// What an open gave: a descriptor, or the errno that says why not.
struct Opened {
    Fd fd;
    int error = 0;
};

// One name of a directory, with lstat's view of it.
struct DirEntry {
    std::string name;
    struct stat status;
    int error = 0;  // not 0: a followed link that leads nowhere, of which this is all that is known
};

// A directory held open; everything is reached through it by openat2 with RESOLVE_BENEATH and
// RESOLVE_NO_SYMLINKS (and RESOLVE_NO_XDEV where one_file_system): no symlink, "..", or magic link
// that somebody plants leads out, and a component swapped in mid-flight gives ELOOP, EXDEV or
// ENOTDIR. The links in `follow` are the exception: each is the directory that it led to when this
// was made, and a root of its own for what is below it; whoever may change such a link decides what
// is read.
//
// Paths are relative (base/path.h); "" is the directory itself. Every call is one attempt; what
// happens every day (ENOENT, EACCES) is a value. Opening never blocks (O_NONBLOCK) and never
// follows. Thread-safe: holds only a descriptor.
class Beneath {
public:
    // Throws Error(source, retry) when `absolute` is no directory that can be opened.
    Beneath(const std::string& absolute, bool one_file_system,
            const std::vector<std::string>& follow = {});

    // A regular file for reading. Anything else answers ELOOP (a symlink), EISDIR or EINVAL.
    Opened open_file(std::string_view path) const;
    // The same by its name in a directory that was reached beneath.
    Opened open_file_in(const Fd& directory, const std::string& name) const;
    // The same of what was seen to be a regular file a moment ago: with one look less. `now`: its
    // status once it is open.
    Opened open_seen_in(const Fd& directory, const std::string& name, struct stat& now) const;
    // A directory for reading its names.
    Opened open_directory(std::string_view path) const;
    // The object itself without reading it (O_PATH), for fstat, readlink and xattrs.
    Opened open_path(std::string_view path) const;

    // lstat of the object, of a followed link the directory's; errno or 0. The mount point of
    // another file system gives its own status.
    int status(std::string_view path, struct stat& status) const;
    // Target of the symlink at `path`; errno (EINVAL: it is none) or 0.
    int read_link(std::string_view path, std::string& target) const;
    // Names and statuses of a directory, unordered, without "." and ".."; errno or 0. A name that
    // vanishes between reading and lstat is left out.
    int list(std::string_view path, std::vector<DirEntry>& entries) const;
    // The same of the directory at `path` that is open, and stays so.
    int list(const Fd& opened, std::string_view path, std::vector<DirEntry>& entries) const;

    // Whether the path is that of a link that is taken for a directory, or would be.
    bool follows(std::string_view path) const noexcept { return followed_.at(path) != nullptr; }
    // Of the file system that is not left at this path where one_file_system.
    dev_t device_at(std::string_view path) const noexcept;

    int fd() const noexcept { return root_.get(); }

private:
    // What a path is relative to, and the rest of it.
    struct Place {
        int directory = -1;
        std::string_view path;
        int error = 0;
    };
    Place place_of(std::string_view path) const noexcept;
    Opened open(std::string_view path, int flags) const;
    Opened open_at(int directory, const char* path, int flags) const;
    Opened open_regular(int directory, const char* path, const struct stat& before) const;
    Opened open_seen(int directory, const char* path, struct stat& now) const;

    Fd root_;
    dev_t device_ = 0;
    bool one_file_system_;
    FollowedLinks followed_;
};

}  // namespace lockstep
