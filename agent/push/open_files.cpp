#include "agent/push/open_files.h"

#include <fcntl.h>

#include <cerrno>
#include <optional>

namespace lockstep::push {

bool is_open_for_writing(const Fd& file)
{
    if (::fcntl(file.get(), F_SETLEASE, F_RDLCK) != 0) return errno == EAGAIN;
    ::fcntl(file.get(), F_SETLEASE, F_UNLCK);
    return false;
}

std::vector<std::string> hold_open_files(const Beneath& source, const OpenFiles& rule,
                                         state::IndexReader* index, plan::Observed& observed,
                                         plan::Batch& batch, plan::TimePoint now)
{
    std::vector<std::string> held;
    if (!rule.new_waits && !rule.existing_waits) return held;
    HeldDirectory near(source);
    std::optional<state::IndexReader::Moment> moment;
    if (index != nullptr) moment.emplace(*index);
    const auto waits = [&](const plan::DirtyPath& dirty) {
        if (dirty.sequence <= rule.hurry_up_to || dirty.since + rule.max_wait <= now) return false;
        if (dirty.closed) return false;
        if (rule.new_waits == rule.existing_waits) return true;
        const bool is_new = index != nullptr && !index->find(dirty.path);
        return is_new ? rule.new_waits : rule.existing_waits;
    };
    std::erase_if(batch.paths, [&](const plan::DirtyPath& dirty) {
        if (dirty.look != plan::Look::written && dirty.look != plan::Look::content) return false;
        const auto seen = observed.at.find(dirty.path);
        if (seen == observed.at.end() || !seen->second || !seen->second->is_regular()) return false;
        if (!waits(dirty)) return false;
        seen->second->waits = dirty.look == plan::Look::content;
        if (seen->second->waits) return false;
        const Opened opened = near.open_file(dirty.path);
        if (!opened.fd || !is_open_for_writing(opened.fd)) return false;
        held.push_back(dirty.path);
        return true;
    });
    return held;
}

}  // namespace lockstep::push
