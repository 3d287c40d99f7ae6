#include "agent/push/moved_files.h"

#include "base/path.h"

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>

namespace lockstep::push {
namespace {

using plan::Move;
using plan::MovedFile;
using state::Fingerprint;
using transport::Entry;

// A session more costs about as much as sending this, each file as much as these beyond its bytes.
// A directory comes whole or in pieces, so it always is worth it.
constexpr std::uint64_t worth_bytes = 256 * 1024;
constexpr std::uint64_t bytes_a_file = 1024;
constexpr std::uint64_t bytes_a_file_of_a_directory = worth_bytes;

using Rows = std::vector<state::IndexReader::Row>;

class Finder {
public:
    Finder(const plan::Batch& batch, const Observation& observation, state::IndexReader& index)
        : observation_(observation),
          index_(index),
          unsettled_(batch.unsettled.begin(), batch.unsettled.end())
    {
        for (const Move& move : batch.moves) by_new_name_.emplace(move.to, &move);
    }

    std::vector<MovedFile> take()
    {
        note_entries();
        observation_.sightings.for_each_group(
            [&](const state::Sightings::Group& group) { look_at(group); });
        if (saved_ < worth_bytes) files_.clear();
        return std::move(files_);
    }

private:
    void note_entries()
    {
        for (const auto& [path, entry] : observation_.observed.at)
            if (entry && entry->is_regular()) entries_.emplace(path, &*entry);
        for (const plan::ObservedSubtree& subtree : observation_.observed.subtrees)
            for (const Entry& entry : subtree.entries)
                if (entry.is_regular()) entries_.emplace(entry.path, &entry);
    }

    // Of the directory, or one above it.
    std::optional<std::string> origin_of(const std::string& directory) const
    {
        for (std::string_view up = directory; !up.empty(); up = parent_of(up)) {
            const auto move = by_new_name_.find(up);
            if (move != by_new_name_.end()) return move->second->from + directory.substr(up.size());
        }
        return std::nullopt;
    }

    void look_at(const state::Sightings::Group& group)
    {
        const std::string directory(group.directory);
        const std::optional<std::string> origin = origin_of(directory);
        std::optional<Rows> before;
        std::optional<Rows> rows;
        for (const state::Sightings::Name& name : group.names) {
            std::string path = join(directory, name.name);
            const std::optional<Fingerprint> now = state::unpacked(name.fingerprint);
            if (!now || !S_ISREG(now->mode) || now->size == 0) continue;
            const auto itself = by_new_name_.find(path);
            if (itself != by_new_name_.end()) {
                const std::string& from = itself->second->from;
                const std::optional<Fingerprint> row = index_.find(from);
                if (row && row->inode == now->inode && looks_equal(*row, *now))
                    add(from, path, *now, index_.find(path), bytes_a_file);
            } else if (origin) {
                if (!rows) index_.list(*origin, rows.emplace());
                if (!before) index_.list(directory, before.emplace());
                const Fingerprint* row = state::IndexReader::find_in(*rows, name.name);
                if (row == nullptr || !is_same(*row, *now)) continue;
                const Fingerprint* was = state::IndexReader::find_in(*before, name.name);
                add(join(*origin, name.name), path, *now,
                    was == nullptr ? std::nullopt : std::optional(*was),
                    bytes_a_file_of_a_directory);
            }
        }
    }

    // Both are of this run, which has heard of every change: raciness is no matter.
    static bool is_same(Fingerprint row, Fingerprint now)
    {
        row.racy = false;
        now.racy = false;
        return row == now;
    }

    void add(const std::string& from, const std::string& path, const Fingerprint& now,
             const std::optional<Fingerprint>& before, std::uint64_t beyond)
    {
        if (before && looks_equal(*before, now)) return;
        if (unsettled_.contains(from) || unsettled_.contains(path)) return;
        const auto entry = entries_.find(path);
        if (entry == entries_.end() || entry->second->link_count > 1) return;
        if (entry->second->size != now.size || !taken_.insert(from).second) return;
        files_.push_back({from, *entry->second});
        saved_ += now.size + beyond;
    }

    const Observation& observation_;
    state::IndexReader& index_;
    std::unordered_set<std::string> unsettled_;
    std::map<std::string, const Move*, std::less<>> by_new_name_;
    std::unordered_map<std::string_view, const Entry*> entries_;
    std::unordered_set<std::string> taken_;
    std::vector<MovedFile> files_;
    std::uint64_t saved_ = 0;
};

}  // namespace

std::vector<MovedFile> moved_files(const plan::Batch& batch, const Observation& observation,
                                   state::IndexReader& index)
{
    if (batch.moves.empty()) return {};
    return Finder(batch, observation, index).take();
}

}  // namespace lockstep::push
