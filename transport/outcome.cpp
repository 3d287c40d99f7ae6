#include "transport/outcome.h"

#include "base/path.h"
#include "transport/peer_text.h"

#include <algorithm>

namespace lockstep::transport {
namespace {

constexpr std::size_t unattributed_max = 100;

std::string_view without_line_end(std::string_view text)
{
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
    return text;
}

}  // namespace

OutcomeBuilder::OutcomeBuilder(const PushList& list, std::string module,
                               std::string destination_path, bool protects)
    : list_(list),
      module_(std::move(module)),
      destination_path_(std::move(destination_path)),
      protects_(protects)
{
}

bool OutcomeBuilder::knows(const std::string& path)
{
    if (names_.empty())
        for (const Entry& entry : list_.entries) names_.insert(entry.path);
    return names_.contains(path);
}

bool OutcomeBuilder::deletes(const std::string& path) const
{
    return std::ranges::any_of(list_.entries, [&path](const Entry& entry) {
        return entry.is_delete() && entry.path == path;
    });
}

void OutcomeBuilder::failed(PathFailure failure)
{
    const bool first = failed_.insert(failure.path).second;
    if (first) outcome_.failures.push_back(std::move(failure));
}

void OutcomeBuilder::heard(const Message& message)
{
    if (message.tag == Tag::deleted) {
        ++outcome_.figures.files_deleted;
        return;
    }
    const bool text = message.tag == Tag::error_xfer || message.tag == Tag::error ||
                      message.tag == Tag::warning || message.tag == Tag::info;
    if (!text) return;
    const std::string_view line = without_line_end(message.payload);
    const bool error = message.tag == Tag::error_xfer || message.tag == Tag::error;
    if (line.starts_with("rsync error:")) {
        if (cause_.empty()) cause_ = last_complaint_.empty() ? std::string(line) : last_complaint_;
        return;
    }
    if (error) last_complaint_ = std::string(line);

    const PeerComplaint complaint = understand(line, module_, destination_path_);
    if (complaint.max_delete) outcome_.max_delete_hit = true;
    if (!complaint.is_failure) return;
    // All that may go is gone; what stays is what the rules keep, and that is as it should be.
    if (complaint.not_empty && protects_ && deletes(*complaint.path)) return;
    if (complaint.path && knows(*complaint.path)) {
        PathFailure failure;
        failure.path = *complaint.path;
        failure.kind = complaint.kind;
        failure.message = escaped(line);
        if (complaint.whole_tree) {
            for (const Entry& entry : list_.entries) {
                if (entry.path == failure.path || !is_at_or_below(entry.path, failure.path))
                    continue;
                PathFailure below = failure;
                below.path = entry.path;
                failed(std::move(below));
            }
        }
        failed(std::move(failure));
        return;
    }
    if (error && outcome_.unattributed.size() < unattributed_max)
        outcome_.unattributed.push_back(escaped(line));
}

PushOutcome OutcomeBuilder::take(PushFigures figures)
{
    figures.files_deleted = std::max(figures.files_deleted, outcome_.figures.files_deleted);
    outcome_.figures = figures;
    return std::move(outcome_);
}

}  // namespace lockstep::transport
