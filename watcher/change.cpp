#include "watcher/change.h"

namespace lockstep::watcher {

std::string_view name_of(ChangeKind kind) noexcept
{
    switch (kind) {
        case ChangeKind::content:
            return "content";
        case ChangeKind::writing:
            return "writing";
        case ChangeKind::attributes:
            return "attributes";
        case ChangeKind::gone:
            return "gone";
        case ChangeKind::moved:
            return "moved";
        case ChangeKind::subtree:
            return "subtree";
        case ChangeKind::unreadable:
            return "unreadable";
        case ChangeKind::readable:
            return "readable";
        case ChangeKind::live:
            return "live";
        case ChangeKind::root_lost:
            return "root_lost";
        case ChangeKind::overflow:
            return "overflow";
        case ChangeKind::barrier:
            return "barrier";
    }
    return "change";
}

}  // namespace lockstep::watcher
