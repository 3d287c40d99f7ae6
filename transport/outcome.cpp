#include "transport/outcome.h"

#include "base/path.h"

#include <algorithm>
#include <map>
#include <utility>

namespace lockstep::transport {
namespace {

constexpr std::size_t unattributed_max = 100;

std::string_view without_line_end(std::string_view text)
{
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
    return text;
}

// For people: what a daemon says is kept for every path that it is about. Both ends tell, the call
// and the reason; what stands between is a path.
std::string shown(std::string_view line)
{
    constexpr std::size_t head_bytes_max = 300;
    constexpr std::size_t tail_bytes_max = 100;
    if (line.size() <= head_bytes_max + tail_bytes_max) return escaped(line);
    return escaped(line.substr(0, head_bytes_max)) + " ... " +
           escaped(line.substr(line.size() - tail_bytes_max));
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

bool OutcomeBuilder::is_deleted(const std::string& path) const
{
    const auto known = names_.find(path);
    return known != names_.end() && known->second;
}

std::vector<std::string> OutcomeBuilder::blamed_by(const PeerComplaint& complaint)
{
    if (names_.empty())
        for (const Entry& entry : list_.entries) names_.emplace(entry.path, entry.is_delete());
    Listed list;
    list.is_listed = [this](const std::string& path) { return names_.contains(path); };
    list.is_deleted = [this](const std::string& path) { return is_deleted(path); };
    return blamed(complaint, list);
}

void OutcomeBuilder::failed(PathFailure failure)
{
    const bool first = failed_.insert(failure.path).second;
    if (first) outcome_.failures.push_back(std::move(failure));
}

void OutcomeBuilder::fail_below(const PathFailure& failure)
{
    for (const Entry& entry : list_.entries) {
        if (entry.path == failure.path || !is_at_or_below(entry.path, failure.path)) continue;
        PathFailure below = failure;
        below.path = entry.path;
        failed(std::move(below));
    }
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
    const std::vector<std::string> paths = blamed_by(complaint);
    for (const std::string& path : paths) {
        // All that may go is gone; what stays is what the rules keep, and that is as it should be.
        if (complaint.not_empty && protects_ && is_deleted(path)) continue;
        PathFailure failure;
        failure.path = path;
        failure.kind = complaint.kind;
        failure.message = shown(line);
        if (complaint.whole_tree) fail_below(failure);
        failed(std::move(failure));
    }
    if (!paths.empty()) return;
    if (error && outcome_.unattributed.size() < unattributed_max)
        outcome_.unattributed.push_back(shown(line));
}

std::optional<std::string> OutcomeBuilder::path_of_cause()
{
    const PeerComplaint complaint = understand(cause_, module_, destination_path_);
    if (!complaint.is_failure) return std::nullopt;
    std::vector<std::string> paths = blamed_by(complaint);
    if (paths.size() != 1) return std::nullopt;
    return std::move(paths.front());
}

// The content of a group goes once, under whichever of its names the receiver chose: without it the
// others were left as they are, and nothing is said of them.
void OutcomeBuilder::fail_links()
{
    using File = std::pair<std::uint64_t, std::uint64_t>;
    if (outcome_.failures.empty()) return;
    std::map<File, PathFailure> files;
    for (const Entry& entry : list_.entries) {
        if (!entry.is_linked() || !failed_.contains(entry.path)) continue;
        const auto failure =
            std::find_if(outcome_.failures.begin(), outcome_.failures.end(),
                         [&](const PathFailure& one) { return one.path == entry.path; });
        files.emplace(File{entry.link_dev, entry.link_inode}, *failure);
    }
    if (files.empty()) return;
    for (const Entry& entry : list_.entries) {
        const auto file = files.find({entry.link_dev, entry.link_inode});
        if (!entry.is_linked() || file == files.end()) continue;
        PathFailure failure = file->second;
        failure.path = entry.path;
        failed(std::move(failure));
    }
}

PushOutcome OutcomeBuilder::take(PushFigures figures)
{
    fail_links();
    figures.files_deleted = std::max(figures.files_deleted, outcome_.figures.files_deleted);
    outcome_.figures = figures;
    return std::move(outcome_);
}

}  // namespace lockstep::transport
