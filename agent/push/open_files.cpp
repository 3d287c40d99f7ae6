#include "agent/push/open_files.h"

#include <fcntl.h>

#include <cerrno>

namespace lockstep::push {

bool is_open_for_writing(HeldDirectory& source, const std::string& path)
{
    const Opened opened = source.open_file(path);
    if (!opened.fd) return false;
    if (::fcntl(opened.fd.get(), F_SETLEASE, F_RDLCK) != 0) return errno == EAGAIN;
    ::fcntl(opened.fd.get(), F_SETLEASE, F_UNLCK);
    return false;
}

std::vector<std::string> hold_open_files(const Beneath& source, const OpenFiles& rule,
                                         state::IndexReader* index, const plan::Observed& observed,
                                         plan::Batch& batch, plan::TimePoint now)
{
    std::vector<std::string> held;
    if (!rule.new_waits && !rule.existing_waits) return held;
    HeldDirectory near(source);
    const auto waits = [&](const plan::DirtyPath& dirty) {
        if (dirty.sequence <= rule.hurry_up_to || dirty.since + rule.max_wait <= now) return false;
        if (dirty.look != plan::Look::written && dirty.look != plan::Look::content) return false;
        if (dirty.closed) return false;
        const auto seen = observed.at.find(dirty.path);
        if (seen == observed.at.end() || !seen->second || !seen->second->is_regular()) return false;
        const bool is_new = index != nullptr && !index->find(dirty.path);
        return (is_new ? rule.new_waits : rule.existing_waits) &&
               is_open_for_writing(near, dirty.path);
    };
    std::erase_if(batch.paths, [&](const plan::DirtyPath& dirty) {
        if (!waits(dirty)) return false;
        held.push_back(dirty.path);
        return true;
    });
    return held;
}

}  // namespace lockstep::push
