// Directories opened below a held descriptor, and their names read without detours.
#pragma once

#include "base/fd.h"

#include <dirent.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace lockstep::watcher {

// `fd` is none when `error` is an errno: ENOENT, ENOTDIR (also for a symlink), EACCES, EXDEV (a
// mount point while `one_file_system`), …
struct OpenedDirectory {
    Fd fd;
    int error = 0;
};

// One name below `parent`, never through a symlink.
OpenedDirectory open_child(int parent, const char* name, bool one_file_system);

// A relative path of any length, also beyond PATH_MAX; never through a symlink, never above `root`.
// "" is the root itself.
OpenedDirectory open_below(int root, std::string_view path, bool one_file_system);

// True when `name` in `parent` is a directory, asked only where the listing did not say.
bool is_directory(int parent, const char* name, unsigned char d_type);

// Calls entry(name, d_type) for each name but "." and ".."; name.data() ends in NUL. Returns 0 or
// errno. `buffer` is kept by the caller between calls.
template <typename Entry>
int list_names(int directory, std::vector<std::byte>& buffer, Entry entry)
{
    buffer.resize(64 * 1024);
    for (;;) {
        const ssize_t got = ::getdents64(directory, buffer.data(), buffer.size());
        if (got < 0) return errno;
        if (got == 0) return 0;
        for (ssize_t at = 0; at < got;) {
            const auto* next = reinterpret_cast<const dirent64*>(buffer.data() + at);
            const std::string_view name(next->d_name);
            if (name != "." && name != "..") entry(name, next->d_type);
            at += next->d_reclen;
        }
    }
}

}  // namespace lockstep::watcher
