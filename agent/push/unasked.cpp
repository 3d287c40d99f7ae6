#include "agent/push/unasked.h"

#include "base/path.h"

#include <sys/stat.h>

#include <optional>

namespace lockstep::push {

void Unasked::begun(const plan::Batch& batch)
{
    begun_.clear();
    for (const plan::DirtyPath& dirty : batch.paths) begun_.insert(dirty.path);
}

void Unasked::choose(transport::PushList& list)
{
    std::uint64_t bytes = 0;
    std::size_t files = 0;
    std::optional<state::IndexReader::Moment> moment;
    for (transport::Entry& entry : list.entries) {
        if (entry.unasked == transport::Unasked::no) continue;
        const bool full = given_up_ || files == list_files_max || bytes >= list_bytes_max;
        if (!full && !moment) moment.emplace(*index_);
        entry.unasked = full ? transport::Unasked::no : chance_of(entry);
        if (entry.unasked == transport::Unasked::no) continue;
        bytes += entry.size;
        ++files;
    }
    directories_.clear();
    list.reports_unanswered = !given_up_ && needs_no_answer(list);
}

// Of what is no file; all of it is looked at, for each waits only once.
bool Unasked::needs_no_answer(const transport::PushList& list)
{
    bool none = true;
    for (const transport::Entry& entry : list.entries) {
        const bool untouched = entry.dir_kind == transport::DirKind::implied;
        if (entry.is_regular() || entry.is_delete() || untouched) continue;
        const bool waits = waiting_.erase(entry.path) > 0;
        none = none && !waits && entry.xattrs->empty();
    }
    return none;
}

void Unasked::choose_none(transport::PushList& list)
{
    for (transport::Entry& entry : list.entries) entry.unasked = transport::Unasked::no;
    list.reports_unanswered = false;
}

void Unasked::wait_next_time(const std::string& path)
{
    if (waiting_.size() == waiting_max) waiting_.clear();
    waiting_.insert(path);
}

transport::Unasked Unasked::chance_of(const transport::Entry& entry)
{
    if (waiting_.erase(entry.path) > 0) return transport::Unasked::no;
    if (!entry.is_regular() || entry.size > file_bytes_max || entry.link_count > 1 ||
        !entry.xattrs->empty() || !is_there(parent_of(entry.path)))
        return transport::Unasked::no;
    const std::optional<state::Fingerprint> before = index_->find(entry.path);
    // A receiver opens what is there, and for a FIFO it waits for ever.
    if (!begun_.contains(entry.path) || index_->is_unsure(destination_, entry.path))
        return transport::Unasked::no;
    if (!before) return transport::Unasked::new_file;
    return S_ISREG(before->mode) ? transport::Unasked::replacement : transport::Unasked::no;
}

bool Unasked::is_there(std::string_view directory)
{
    const auto [known, fresh] = directories_.emplace(directory, false);
    if (!fresh) return known->second;
    const std::optional<state::Fingerprint> state = index_->find(directory);
    if (!state || !state->is_directory()) return false;
    const auto is_open = [&](std::string_view up) {
        return begun_.contains(std::string(up)) || index_->has_row(destination_, up);
    };
    if (is_open(directory) || any_above(directory, is_open)) return false;
    known->second = true;
    return true;
}

}  // namespace lockstep::push
