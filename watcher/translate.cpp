#include "watcher/translate.h"

#include "base/path.h"

#include <utility>

namespace lockstep::watcher {
namespace {

bool is_about_names(EventKind kind)
{
    return kind == EventKind::create || kind == EventKind::deleted ||
           kind == EventKind::moved_from || kind == EventKind::moved_to;
}

void tell(Translation& out, ChangeKind kind, std::string path, bool directory)
{
    out.changes.push_back({.kind = kind, .path = std::move(path), .directory = directory});
}

void appeared(const Event& event, NodeId parent, std::string path, Translation& out)
{
    tell(out, ChangeKind::content, std::move(path), event.directory);
    if (event.directory) out.visits.push_back({parent, std::string(event.name)});
}

}  // namespace

void Translation::clear()
{
    changes.clear();
    unwatch.clear();
    visits.clear();
    renamed.clear();
    suspects.clear();
    overflow = root_lost = root_moved = poll = false;
}

void Translator::translate(const Event& event, Time now, Translation& out)
{
    expire(now, out);
    if (event.kind == EventKind::overflow) {
        out.overflow = true;
        return;
    }
    // Of a watch that was dropped: the directory is not ours any more, or is watched anew.
    const NodeId parent = tree_.by_wd(event.wd);
    if (parent == no_node) return;
    if (event.name.empty()) {
        about_itself(event, parent, out);
        return;
    }
    if (is_about_names(event.kind)) {
        if (const auto half = pairs_.take_by_place(event.wd, event.name)) gone(*half, out);
    }
    std::string path = join(tree_.path(parent), event.name);
    const bool hidden = hides(path, event.directory);
    // What is hidden is not told, but that its coming or going changed the directory's times is.
    if (hidden && is_about_names(event.kind))
        tell(out, ChangeKind::attributes, tree_.path(parent), true);
    if (event.kind == EventKind::moved_to) {
        arrived(event, parent, std::move(path), hidden, out);
        return;
    }
    if (hidden) return;
    switch (event.kind) {
        case EventKind::create:
            created(event, parent, std::move(path), out);
            break;
        case EventKind::modify:
            // Nobody writes a directory: its mtime alone was set (UTIME_OMIT for the atime), which
            // the kernel calls a modification.
            if (event.directory) {
                changed_attributes(event, parent, std::move(path), out);
                break;
            }
            ++counts_.modified;
            tell(out, ChangeKind::writing, std::move(path), false);
            break;
        case EventKind::close_write:
            tell(out, ChangeKind::content, std::move(path), false);
            out.changes.back().closed = true;
            break;
        case EventKind::attrib:
            changed_attributes(event, parent, std::move(path), out);
            break;
        case EventKind::deleted:
            removed(event, parent, std::move(path), out);
            break;
        case EventKind::moved_from:
            pairs_.add(event.cookie, event.wd, event.name, event.directory, now);
            if (pairs_.size() > MovePairs::halves_max) gone(*pairs_.take_oldest(), out);
            break;
        default:
            break;  // the others carry no name
    }
}

void Translator::expire(Time now, Translation& out)
{
    while (const auto half = pairs_.take_expired(now)) gone(*half, out);
}

void Translator::give_up_waiting(Translation& out)
{
    while (const auto half = pairs_.take_oldest()) gone(*half, out);
}

void Translator::about_itself(const Event& event, NodeId node, Translation& out)
{
    const bool is_root = node == WatchTree::root;
    switch (event.kind) {
        case EventKind::attrib:
        case EventKind::modify:  // its mtime alone
            // The parent's watch tells the same with a name; the root has no parent here.
            if (is_root || tree_.wd(tree_.parent(node)) < 0)
                changed_attributes(event, no_node, tree_.path(node), out);
            break;
        case EventKind::delete_self:
        case EventKind::unmount:
        case EventKind::ignored:
            if (is_root)
                out.root_lost = true;
            else
                ended(node, out);
            break;
        case EventKind::move_self:
            if (is_root) {
                out.root_moved = true;
            } else if (const int above = tree_.wd(tree_.parent(node)); above < 0) {
                out.poll = true;
            } else if (const auto half = pairs_.take_by_place(above, tree_.name(node))) {
                gone(*half, out);  // moved_to would have come before this
            }
            break;
        default:
            break;
    }
}

// The directory of a watch came to its end and is in the tree still: its parent, if it is watched,
// should have told so before. It did not when the name was taken by another (a rename over an empty
// directory that we know under a wrong name), or at the end of a mount.
void Translator::ended(NodeId node, Translation& out)
{
    const NodeId parent = tree_.parent(node);
    if (tree_.wd(parent) >= 0)
        out.suspects.push_back({tree_.wd(parent), std::string(tree_.name(node))});
    else
        tell(out, ChangeKind::gone, tree_.path(node), true);
    tree_.drop(node, out.unwatch);
}

void Translator::created(const Event& event, NodeId parent, std::string path, Translation& out)
{
    ++counts_.created;
    // A directory in the tree was found by a walk since, and has been told. Its name cannot have
    // been free in between, or the tree would not have it.
    if (event.directory && tree_.child(parent, event.name) != no_node) return;
    appeared(event, parent, std::move(path), out);
}

void Translator::changed_attributes(const Event& event, NodeId parent, std::string path,
                                    Translation& out)
{
    ++counts_.attrib;
    tell(out, ChangeKind::attributes, std::move(path), event.directory || event.name.empty());
    if (tree_.count(NodeState::unreadable) == 0) return;
    const NodeId node =
        event.name.empty() ? tree_.by_wd(event.wd) : tree_.child(parent, event.name);
    if (node == no_node) return;
    // Permission to read it, or to enter it and so to reach those below, may just have come.
    if (tree_.state(node) == NodeState::unreadable)
        out.visits.push_back({tree_.parent(node), std::string(tree_.name(node))});
    for (NodeId at = tree_.first_child(node); at != no_node; at = tree_.next_sibling(at))
        if (tree_.state(at) == NodeState::unreadable)
            out.visits.push_back({node, std::string(tree_.name(at))});
}

void Translator::removed(const Event& event, NodeId parent, std::string path, Translation& out)
{
    ++counts_.deleted;
    tell(out, ChangeKind::gone, std::move(path), event.directory);
    const NodeId node = tree_.child(parent, event.name);
    if (node == no_node) return;
    if (event.directory)
        tree_.drop(node, out.unwatch);
    else
        out.suspects.push_back({event.wd, std::string(event.name), true});
}

void Translator::arrived(const Event& event, NodeId parent, std::string path, bool hidden,
                         Translation& out)
{
    const auto half = pairs_.take_by_cookie(event.cookie);
    const NodeId from_parent = half ? tree_.by_wd(half->parent_wd) : no_node;
    if (from_parent ==
        no_node) {  // from outside, from an excluded name, or from what is gone by now
        if (hidden) return;
        ++counts_.moved;
        appeared(event, parent, std::move(path), out);
        return;
    }
    if (hidden) {
        gone(*half, out);
        return;
    }
    ++counts_.moved;
    std::string from = join(tree_.path(from_parent), half->name);
    moved(*half, std::move(from), event, parent, std::move(path), out);
}

void Translator::moved(const MovedFrom& half, std::string from, const Event& event, NodeId parent,
                       std::string path, Translation& out)
{
    look_for_exchange(half, event, out);
    const NodeId node = tree_.child(tree_.by_wd(half.parent_wd), half.name);
    const NodeId there = tree_.child(parent, event.name);
    if (!event.directory) {
        // An exchange of a file with a directory, or a walk that was ahead.
        if (node != no_node) out.suspects.push_back({half.parent_wd, half.name, true});
        if (there != no_node) out.suspects.push_back({event.wd, std::string(event.name), true});
        out.changes.push_back(
            {.kind = ChangeKind::moved, .path = std::move(path), .from = std::move(from)});
        return;
    }
    if (node == no_node || tree_.is_at_or_below(parent, node)) {
        // A walk was ahead: it knows this directory under another name, perhaps already under this
        // one.
        if (node != no_node) out.suspects.push_back({half.parent_wd, half.name});
        tell(out, ChangeKind::gone, std::move(from), true);
        appeared(event, parent, std::move(path), out);
        return;
    }
    if (there != no_node) {
        // An empty directory was replaced. Or the two exchanged their names: the kernel tells that
        // as two moves, of which the second undoes the first as far as names go, so look at both.
        out.suspects.push_back({half.parent_wd, half.name});
        out.suspects.push_back({event.wd, std::string(event.name)});
    }
    tree_.take_place(node, parent, event.name, out.unwatch);
    if (excluded_) out.renamed.emplace_back(node, from);
    out.changes.push_back({.kind = ChangeKind::moved,
                           .path = std::move(path),
                           .directory = true,
                           .from = std::move(from)});
}

// The kernel tells an exchange as two moves, of which the second undoes the first as far as names
// go. So does a rename there and back: looking at both names settles it.
void Translator::look_for_exchange(const MovedFrom& half, const Event& event, Translation& out)
{
    Move move{.from = {half.parent_wd, half.name},
              .to = {event.wd, std::string(event.name)},
              .directory = event.directory};
    for (const Move& it : last_moves_) {
        if ((!it.directory && !move.directory) || it.from != move.to || it.to != move.from)
            continue;
        out.suspects.push_back(it.from);
        out.suspects.push_back(it.to);
    }
    last_moves_[next_move_] = std::move(move);
    next_move_ = (next_move_ + 1) % last_moves_.size();
}

// A half that stays alone: moved out of the source, or to an excluded name. An exchange with a name
// outside is told as moved_to and then moved_from, so a directory may stand there all the same:
// look again.
void Translator::gone(const MovedFrom& half, Translation& out)
{
    const NodeId parent = tree_.by_wd(half.parent_wd);
    if (parent == no_node) return;  // went with its directory
    ++counts_.moved;
    tell(out, ChangeKind::gone, join(tree_.path(parent), half.name), half.directory);
    const NodeId node = tree_.child(parent, half.name);
    if (half.directory && node != no_node) tree_.drop(node, out.unwatch);
    if (half.directory || node != no_node)
        out.suspects.push_back({half.parent_wd, half.name, !half.directory});
}

}  // namespace lockstep::watcher
