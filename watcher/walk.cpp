#include "watcher/walk.h"

#include "base/error.h"
#include "base/path.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace lockstep::watcher {
namespace {

// What is no directory here any more, or never was: a race, told by events.
bool is_gone(int error)
{
    return error == ENOENT || error == ENOTDIR || error == ELOOP;
}

}  // namespace

void Walker::scan(int root)
{
    entries_ = 0;
    counting_ = true;
    start(root, WatchTree::root);
    Frame frame{.node = WatchTree::root, .deep = true};
    OpenedDirectory opened = open_below(root, "", parts_.one_file_system);
    if (opened.fd) {
        frame.fd = std::move(opened.fd);
        const Watched watched = parts_.inotify.add(frame.fd.get());
        if (watched.wd >= 0)
            parts_.tree.set_watch(WatchTree::root, watched.wd);
        else
            cannot_watch(WatchTree::root, watched.error);
        push(std::move(frame));
        run();
    }
    counting_ = false;
}

void Walker::visit(int root, const Place& place)
{
    enter_and_run(root, place, Tell::contents);
}

void Walker::recheck(int root, const Place& place)
{
    enter_and_run(root, place, Tell::subtrees);
}

void Walker::poll(int root, NodeId node)
{
    if (node != WatchTree::root) {
        const Place place{parts_.tree.parent(node), std::string(parts_.tree.name(node))};
        enter_and_run(root, place, Tell::nothing);
        return;
    }
    start(root, WatchTree::root);
    Frame frame{.node = WatchTree::root};
    OpenedDirectory opened = open_below(root, "", parts_.one_file_system);
    if (!opened.fd) return;
    frame.fd = std::move(opened.fd);
    const Watched watched = parts_.inotify.add(frame.fd.get());
    if (watched.wd >= 0) parts_.tree.set_watch(WatchTree::root, watched.wd);
    push(std::move(frame));
    run();
}

void Walker::renamed(int root, NodeId node, std::string_view old_path)
{
    start(root, node);
    OpenedDirectory opened = open_below(root, path_, parts_.one_file_system);
    if (!opened.fd) return;
    // Moved on meanwhile: the next event says where to, and this is asked again.
    if (!is_still(node, opened.fd.get())) return;
    old_path_ = old_path;
    push({.node = node, .fd = std::move(opened.fd), .tell = Tell::contents, .renamed = true});
    run();
}

void Walker::start(int root, NodeId parent)
{
    root_ = root;
    frames_.clear();
    names_.clear();
    path_ = parts_.tree.path(parent);
    old_path_.clear();
}

void Walker::enter_and_run(int root, const Place& place, Tell tell)
{
    start(root, place.parent);
    const OpenedDirectory parent = open_below(root, path_, parts_.one_file_system);
    if (!parent.fd) {
        suspect(place.parent, place.name);  // it was renamed, and events will tell; or removed
        return;
    }
    if (!is_still(place.parent,
                  parent.fd.get())) {  // another directory has its path: events will follow
        suspect(place.parent, place.name);
        return;
    }
    Frame above{.node = place.parent, .tell = tell};
    enter(parent.fd.get(), place.parent, place.name, above);
    run();
}

void Walker::run()
{
    while (!frames_.empty() && !parts_.stop) {
        Frame& frame = frames_.back();
        if (names_.size() > frame.names_begin) {
            const auto bytes = static_cast<std::uint8_t>(names_.back());
            const std::size_t at = names_.size() - 1 - bytes;
            const std::string name = names_.substr(at, bytes);
            names_.resize(at);
            if (frame.fd || reopen(frame))
                enter(frame.fd.get(), frame.node, name, frame);
            else
                names_.resize(frame.names_begin);
            continue;
        }
        if (frame.subtree_when_done)
            parts_.outbox.add({.kind = ChangeKind::subtree, .path = path_, .directory = true});
        path_.resize(frame.path_bytes);
        old_path_.resize(frame.old_path_bytes);
        frames_.pop_back();
    }
    frames_.clear();
}

// Opens and watches one name; when there is something to list it becomes the innermost frame.
// `above` may be a frame that moves when another is pushed: it is read before.
void Walker::enter(int parent_fd, NodeId parent, const std::string& name, const Frame& above)
{
    Frame frame{.path_bytes = path_.size(),
                .old_path_bytes = old_path_.size(),
                .tell = above.tell,
                .deep = above.deep,
                .renamed = above.renamed};
    OpenedDirectory opened = open_child(parent_fd, name.c_str(), parts_.one_file_system);
    if (!opened.fd) {
        cannot_open(parent, name, opened.error, frame.tell);
        return;
    }
    frame.fd = std::move(opened.fd);
    watch(std::move(frame), parent, name);
}

void Walker::watch(Frame frame, NodeId parent, const std::string& name)
{
    WatchTree& tree = parts_.tree;
    NodeId node = tree.child(parent, name);
    if (node == no_node) frame.renamed = false;  // it was hidden before: all of it is new
    Watched watched = parts_.inotify.add(frame.fd.get());
    if (watched.wd < 0 && node != no_node && tree.wd(node) >= 0) {
        // Another directory of that name is watched, or this one could not have failed.
        drop(node);
        node = no_node;
        frame.subtree_when_done = frame.tell != Tell::nothing;
        watched = parts_.inotify.add(frame.fd.get());
    }
    const NodeState before = node == no_node ? NodeState::watched : tree.state(node);
    if (watched.wd < 0) {
        node = ensure(parent, name);
        cannot_watch(node, watched.error);
        if (tree.state(node) == NodeState::unreadable) return;
    } else if (const NodeId known = tree.by_wd(watched.wd); known != no_node && known != node) {
        found_elsewhere(std::move(frame), known, parent, name);
        return;
    } else if (known == no_node) {
        if (node != no_node && tree.wd(node) >= 0) {
            drop(node);
            node = no_node;
            frame.subtree_when_done = frame.tell != Tell::nothing;
        }
        if (node == no_node) node = ensure(parent, name);
        tree.set_watch(node, watched.wd);
        if (frame.tell == Tell::subtrees) frame.subtree_when_done = true;
    } else if (!frame.deep && !frame.renamed) {
        return;  // the directory we know
    }
    if (before == NodeState::unreadable) {
        parts_.outbox.add(
            {.kind = ChangeKind::readable, .path = join(path_, name), .directory = true});
        frame.subtree_when_done = true;
    }
    if (frame.subtree_when_done) frame.tell = Tell::nothing;
    frame.node = node;
    if (!path_.empty()) path_ += '/';
    path_ += name;
    if (frame.renamed) old_path_ = join(old_path_, name);
    push(std::move(frame));
}

// The directory is in the tree under another name: renamed since, which events will tell or have
// been lost with; or the same one mounted twice.
void Walker::found_elsewhere(Frame frame, NodeId known, NodeId parent, const std::string& name)
{
    WatchTree& tree = parts_.tree;
    if (known == WatchTree::root || place_holds(known, frame.fd.get())) {
        if (parts_.one_file_system) {  // it was here and is there again
            suspect(parent, name);
            return;
        }
        const NodeId node = ensure(parent, name);
        drop_children(node);
        set_unwatched(node, NodeState::alias);
        return;
    }
    if (tree.is_at_or_below(parent, known)) {  // the tree is wrong about what is above us as well
        suspect(parent, name);
        return;
    }
    std::string from = tree.path(known);
    suspect(tree.parent(known), tree.name(known));  // another directory may have its old name
    std::vector<int> wds;
    tree.take_place(known, parent, name, wds);
    parts_.inotify.remove_all(wds);
    std::string path = join(path_, name);
    if (frame.tell != Tell::nothing) {
        parts_.outbox.add(
            {.kind = ChangeKind::moved, .path = path, .directory = true, .from = std::move(from)});
        // What was told below the old name since the rename was told under a wrong path.
        parts_.outbox.add({.kind = ChangeKind::subtree, .path = path, .directory = true});
    }
    if (!frame.deep) return;
    frame.node = known;
    path_ = std::move(path);
    push(std::move(frame));
}

void Walker::cannot_open(NodeId parent, const std::string& name, int error, Tell tell)
{
    const NodeId node = parts_.tree.child(parent, name);
    if (is_gone(error)) {
        if (node == no_node) return;
        drop(node);
        if (tell == Tell::subtrees)
            parts_.outbox.add(
                {.kind = ChangeKind::gone, .path = join(path_, name), .directory = true});
        return;
    }
    const NodeId here = ensure(parent, name);
    if (error == EXDEV) {
        drop_children(here);
        set_unwatched(here, NodeState::boundary);
        return;
    }
    cannot_watch(here, error);
}

// EACCES and whatever else may pass (EMFILE, ENOMEM, EIO): tried again later.
void Walker::cannot_watch(NodeId node, int error)
{
    if (error == ENOSPC) {
        set_unwatched(node, NodeState::unwatched);
        return;
    }
    const bool told = parts_.tree.state(node) == NodeState::unreadable;
    set_unwatched(node, NodeState::unreadable);
    if (told) return;
    std::string path = parts_.tree.path(node);
    std::string detail = describe_errno("watch directory", path, error);
    parts_.outbox.add({.kind = ChangeKind::unreadable,
                       .path = std::move(path),
                       .directory = true,
                       .detail = std::move(detail)});
}

void Walker::push(Frame frame)
{
    frame.names_begin = names_.size();
    list(frame);
    frames_.push_back(std::move(frame));
    // Those far above are opened again when the walk comes back to them.
    if (frames_.size() > held_max) frames_[frames_.size() - 1 - held_max].fd = Fd();
}

void Walker::list(Frame& frame)
{
    const int error =
        list_names(frame.fd.get(), buffer_,
                   [&](std::string_view name, unsigned char type) { note(frame, name, type); });
    if (error != 0 && error != ENOENT) {  // a directory that was removed lists as ENOENT
        cannot_watch(frame.node, error);
        names_.resize(frame.names_begin);
        return;
    }
    drop_unseen(frame.node);
}

void Walker::note(Frame& frame, std::string_view name, unsigned char type)
{
    const bool directory = is_directory(frame.fd.get(), name.data(), type);
    Tell tell = frame.tell;
    if (parts_.excluded || tell == Tell::contents) {
        entry_ = path_;
        if (!entry_.empty()) entry_ += '/';
        entry_ += name;
        if (hides(entry_, directory)) return;
        if (frame.renamed && !hides(join(old_path_, name), directory)) tell = Tell::nothing;
    }
    if (counting_) ++entries_;
    if (tell == Tell::contents)
        parts_.outbox.add({.kind = ChangeKind::content, .path = entry_, .directory = directory});
    if (!directory) return;
    const NodeId node = parts_.tree.child(frame.node, name);
    if (node != no_node) parts_.tree.set_seen(node, true);
    names_ += name;
    names_ += static_cast<char>(static_cast<std::uint8_t>(name.size()));
}

void Walker::drop_unseen(NodeId node)
{
    for (NodeId at = parts_.tree.first_child(node); at != no_node;) {
        const NodeId next = parts_.tree.next_sibling(at);
        if (parts_.tree.seen(at))
            parts_.tree.set_seen(at, false);
        else
            drop(at);
        at = next;
    }
}

bool Walker::reopen(Frame& frame)
{
    OpenedDirectory opened = open_below(root_, path_, parts_.one_file_system);
    if (!opened.fd || !is_still(frame.node, opened.fd.get())) {
        rewalk_ =
            true;  // renamed in mid-walk, and what is left to enter below it would be forgotten
        return false;
    }
    frame.fd = std::move(opened.fd);
    return true;
}

// A watch descriptor is as good as an inode: the directory at hand has the node's, or is another
// one.
bool Walker::is_still(NodeId node, int fd) const
{
    const int wd = parts_.tree.wd(node);
    if (wd < 0) return true;  // nothing to compare with
    const Watched watched = parts_.inotify.add(fd);
    if (watched.wd >= 0 && watched.wd != wd && parts_.tree.by_wd(watched.wd) == no_node)
        parts_.inotify.remove(watched.wd);
    return watched.wd == wd;
}

bool Walker::place_holds(NodeId node, int fd) const
{
    const std::string path = parts_.tree.path(node);
    const OpenedDirectory parent = open_below(root_, parent_of(path), parts_.one_file_system);
    struct stat here {};
    struct stat there {};
    const std::string name(name_of_path(path));
    return parent.fd && ::fstat(fd, &here) == 0 &&
           ::fstatat(parent.fd.get(), name.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0 &&
           here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

NodeId Walker::ensure(NodeId parent, std::string_view name)
{
    const NodeId node = parts_.tree.child(parent, name);
    return node != no_node ? node : parts_.tree.add(parent, name);
}

void Walker::drop(NodeId node)
{
    std::vector<int> wds;
    parts_.tree.drop(node, wds);
    parts_.inotify.remove_all(wds);
}

void Walker::drop_children(NodeId node)
{
    std::vector<int> wds;
    parts_.tree.drop_children(node, wds);
    parts_.inotify.remove_all(wds);
}

void Walker::suspect(NodeId parent, std::string_view name)
{
    if (parent != no_node && parts_.tree.wd(parent) >= 0)
        suspects_.push_back({parts_.tree.wd(parent), std::string(name)});
}

void Walker::set_unwatched(NodeId node, NodeState state)
{
    if (const int wd = parts_.tree.set_state(node, state); wd >= 0) parts_.inotify.remove(wd);
}

}  // namespace lockstep::watcher
