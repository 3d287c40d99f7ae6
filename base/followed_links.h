// Symlinks below a directory that stand for the directories they lead to, because somebody said so.
#pragma once

#include "base/fd.h"

#include <sys/stat.h>

#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

// Where each leads is found once, when it is added, and held: whoever asks later gets that
// directory, whatever the link is by then. What is no symlink, or one that leads to something else
// than a directory, is not one of them; one that leads nowhere has an error (ENOLINK, which no
// other call here gives) instead, so that it is never taken for a directory that went.
class FollowedLinks {
public:
    struct Link {
        std::string path;
        Fd directory;  // O_PATH
        dev_t device = 0;
        int error = 0;
    };

    bool empty() const noexcept { return links_.empty(); }
    // The link itself; null: the path is none.
    const Link* at(std::string_view path) const noexcept;
    // The innermost one at or above the path.
    const Link* above(std::string_view path) const noexcept;

    // `parent`: the directory that it is in. Those above come before those below.
    void add(std::string path, int parent);

private:
    std::vector<Link> links_;
};

}  // namespace lockstep
