#include "agent/push/broken_push.h"

#include "base/path.h"

namespace lockstep::push {

void LostSessions::add(const Error& why, const transport::PushList& list)
{
    any = true;
    timed_out = timed_out || why.kind() == ErrorKind::timeout;
    for (const transport::Entry& entry : list.entries)
        if (entry.is_directory() && entry.dir_kind == transport::DirKind::content)
            directories.insert(entry.path == "." ? std::string() : entry.path);
        else if (entry.is_regular() && !entry.only_there)
            directories.emplace(parent_of(entry.path));
        else if (!entry.is_directory() && !entry.only_there)
            names.insert(entry.path);
}

bool may_have_begun(const Error& error)
{
    const auto* broken = dynamic_cast<const BrokenPush*>(&error);
    return broken != nullptr && (broken->begun() || is_line_trouble(error.kind()));
}

Doubt doubt_about(const Error& error, bool doubtful, bool unasked)
{
    const auto* broken = dynamic_cast<const BrokenPush*>(&error);
    if (broken != nullptr && broken->path()) return Doubt::none;
    const bool begun = broken != nullptr && broken->begun();
    if (doubtful && !begun) return Doubt::session;
    if (unasked && !is_line_trouble(error.kind())) return Doubt::unasked;
    return doubtful ? Doubt::session : Doubt::none;
}

}  // namespace lockstep::push
