#include "agent/settle_change.h"

namespace lockstep::agent {
namespace {

using plan::Look;
using plan::Writers;
using watcher::Change;
using watcher::ChangeKind;

// How to look at a path that something came to, or went from, as a whole.
Look of_tree(const Change& change)
{
    return change.directory ? Look::subtree : Look::content;
}

}  // namespace

void settle_change(plan::Settle& settle, const Change& change, plan::TimePoint now)
{
    switch (change.kind) {
        case ChangeKind::content:
            settle.touch(change.path, Look::content,
                         change.closed ? Writers::closed : Writers::unknown, now);
            break;
        case ChangeKind::writing:
            settle.touch(change.path, Look::written, Writers::writing, now);
            break;
        case ChangeKind::attributes:
            settle.touch(change.path, Look::attributes, Writers::unknown, now);
            break;
        case ChangeKind::gone:
            settle.touch(change.path, of_tree(change), Writers::unknown, now);
            break;
        case ChangeKind::moved:
            settle.move(change.from, change.path, of_tree(change), now);
            break;
        case ChangeKind::unreadable:
            // What it holds is unknown: not in step until it has been listed.
            settle.touch(change.path, Look::subtree, Writers::unknown, now);
            break;
        case ChangeKind::subtree:
        case ChangeKind::readable:
        case ChangeKind::live:
        case ChangeKind::root_lost:
        case ChangeKind::overflow:
        case ChangeKind::barrier:
            break;
    }
}

}  // namespace lockstep::agent
