// What the watcher says: a path, and why to look at it again. Never what happened to it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lockstep::watcher {

enum class ChangeKind {
    content,     // created, written and closed, moved in: look again, and read it
    writing,     // written to, not closed (IN_MODIFY without a close after it)
    attributes,  // mode, owner, times, xattrs of a file or directory
    gone,        // deleted or moved out of the source; a directory with all below it
    moved,       // `from` is now `path`, with all below it when it is a directory; its content is
                 // unchanged
    subtree,     // anything at and below `path` may differ ("" is the whole source): compare it
    unreadable,  // directory `path` could not be read or watched; `detail` says why
    readable,    // that is over (a subtree change follows)
    live,  // the first scan is over: every directory is watched; sent again after `root_lost` is
           // cured
    root_lost,  // the source is gone, replaced, unmounted or not there yet; `detail` says which
    overflow,   // the kernel lost events of this mapping; subtree changes follow
    barrier,  // all that the kernel had queued when barrier(`number`) was called stands before this
};

std::string_view name_of(ChangeKind kind) noexcept;

struct Change {
    ChangeKind kind = ChangeKind::content;
    std::string path{};  // relative to the source, bytes
    bool directory = false;
    bool closed = false;       // content: whoever wrote it has closed it
    std::string from{};        // moved
    std::string detail{};      // unreadable, root_lost: a sentence for people, escaped
    std::uint64_t number = 0;  // barrier
    bool operator==(const Change&) const = default;
};

}  // namespace lockstep::watcher
