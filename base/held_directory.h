// The directory that was looked into last, held open: siblings are reached without its path.
#pragma once

#include "base/beneath.h"
#include "base/working_directory.h"

#include <string>
#include <string_view>

namespace lockstep {

// The same answers as Beneath's, for paths that mostly follow one another in one directory. What is
// held is a directory of the source as it was a moment ago: for as long as a batch takes, not
// longer. One thread.
class HeldDirectory {
public:
    // `source` must outlive it.
    explicit HeldDirectory(const Beneath& source) : source_(source) {}

    int status(std::string_view path, struct stat& status);
    Opened open_file(std::string_view path);
    // The same of what was seen to be a regular file a moment ago, and its status.
    Opened open_seen(std::string_view path, struct stat& now);
    // The directory that `path` is in: valid until the next call. An error is in it.
    const Opened& directory_of(std::string_view path);
    // Until then this thread works there and a name in it is a path, unless it enters another one.
    // False where it cannot.
    bool work_in_directory_of(std::string_view path);

private:
    const Beneath& source_;
    std::string path_;
    Opened held_;
    bool holds_ = false;
    WorkingDirectory working_;
    bool works_there_ = false;
};

}  // namespace lockstep
