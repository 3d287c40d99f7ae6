#include "agent/push/link_index.h"

#include <algorithm>

namespace lockstep::push {
namespace {

// Between a move and our hearing of it, however busy the kernel's queue.
constexpr std::chrono::seconds hearing_max{10};
constexpr std::size_t whole_looks_max = 4;

LinkIndex::File file_of(const transport::Entry& entry)
{
    return {entry.link_dev, entry.link_inode};
}

}  // namespace

void LinkIndex::saw(const std::string& path, const transport::Entry& entry, std::uint64_t links)
{
    saw(path, file_of(entry), links);
}

void LinkIndex::saw(const LinksSeen& seen)
{
    if (seen.whole_source) whole_source_begins(seen.begun);
    for (const LinksSeen::Link& link : seen.links)
        saw(link.path, File{link.device, link.inode}, link.links);
    if (seen.whole_source) whole_source_seen(seen.ended);
}

void LinkIndex::saw(const std::string& path, File file, std::uint64_t links)
{
    const auto known = by_path_.find(path);
    if (known != by_path_.end() && known->second != file) lost(path);
    by_path_[path] = file;
    Names& names = files_[file];
    names.paths.insert(path);
    names.links = links;
}

void LinkIndex::lost(const std::string& path)
{
    const auto known = by_path_.find(path);
    if (known == by_path_.end()) return;
    const auto names = files_.find(known->second);
    if (names != files_.end()) {
        names->second.paths.erase(path);
        if (names->second.paths.empty()) files_.erase(names);
    }
    by_path_.erase(known);
}

void LinkIndex::whole_source_begins(plan::TimePoint now)
{
    if (whole_looks_.size() == whole_looks_max) whole_looks_.erase(whole_looks_.begin());
    whole_looks_.push_back({now, plan::TimePoint::max() - hearing_max});
    for (auto& [file, names] : files_) names.links_before = names.links;
}

void LinkIndex::whole_source_seen(plan::TimePoint now)
{
    if (!whole_looks_.empty()) whole_looks_.back().ended = now;
    for (auto& [file, names] : files_)
        if (names.links_before == names.links) names.links_accounted_for = names.links;
}

void LinkIndex::moved(const std::vector<LinkMove>& moves)
{
    bool escaped = false;
    for (const LinkMove& move : moves) {
        if (move.from.empty()) {
            join_all(false);
            continue;
        }
        const bool known =
            move.directory ? moved_directory(move.from, move.to) : moved(move.from, move.to);
        if (!known && while_looking(move.at)) escaped = true;
    }
    if (escaped) join_all(true);
}

bool LinkIndex::moved(const std::string& from, const std::string& to)
{
    for (const std::string& other : siblings_as_seen(to)) join(other, plan::Look::content);
    const auto known = by_path_.find(from);
    if (known == by_path_.end()) return false;
    const File file = known->second;
    const std::uint64_t links = files_[file].links;
    lost(to);
    saw(to, file, links);
    lost(from);
    return true;
}

bool LinkIndex::moved_directory(const std::string& from, const std::string& to)
{
    std::vector<std::string> names;
    const auto [first, last] = below(from);
    for (auto it = first; it != last; ++it) names.push_back(it->first.substr(from.size()));
    for (const std::string& name : names) moved(from + name, to + name);
    return !names.empty();
}

bool LinkIndex::while_looking(plan::TimePoint heard) const
{
    return std::any_of(whole_looks_.begin(), whole_looks_.end(), [&](const WholeLook& look) {
        return heard >= look.begun && heard <= look.ended + hearing_max;
    });
}

void LinkIndex::join_all(bool incomplete_only)
{
    for (const auto& [file, names] : files_)
        if (!incomplete_only || names.paths.size() < names.links)
            for (const std::string& path : names.paths) join(path, plan::Look::content);
}

// Everything between "d/" and "d0", which is the next string after all that begin so.
std::pair<LinkIndex::ByPath::const_iterator, LinkIndex::ByPath::const_iterator> LinkIndex::below(
    const std::string& directory) const
{
    if (directory.empty()) return {by_path_.begin(), by_path_.end()};
    return {by_path_.lower_bound(directory + '/'),
            by_path_.lower_bound(directory + static_cast<char>('/' + 1))};
}

void LinkIndex::lost_below(const std::string& directory)
{
    const auto [first, last] = below(directory);
    std::vector<std::string> paths;
    for (auto it = first; it != last; ++it) paths.push_back(it->first);
    for (const std::string& path : paths) lost(path);
}

void LinkIndex::add_others(const std::string& path, const File& file,
                           std::vector<std::string>& others) const
{
    const auto names = files_.find(file);
    if (names == files_.end()) return;
    for (const std::string& other : names->second.paths)
        if (other != path) others.push_back(other);
}

std::vector<std::string> LinkIndex::siblings(const std::string& path,
                                             const transport::Entry& entry) const
{
    std::vector<std::string> others;
    add_others(path, file_of(entry), others);
    return others;
}

std::vector<std::string> LinkIndex::siblings_as_seen(const std::string& path) const
{
    std::vector<std::string> others;
    const auto known = by_path_.find(path);
    if (known != by_path_.end()) add_others(path, known->second, others);
    return others;
}

std::vector<std::string> LinkIndex::siblings_as_seen_below(const std::string& directory) const
{
    std::vector<std::string> others;
    const auto [first, last] = below(directory);
    for (auto it = first; it != last; ++it) add_others(it->first, it->second, others);
    return others;
}

void LinkIndex::join(const std::string& path, plan::Look look)
{
    plan::Look& joined = joined_[path];
    joined = std::max(joined, look);
}

bool LinkIndex::incomplete(const transport::Entry& entry, std::uint64_t links) const
{
    const auto names = files_.find(file_of(entry));
    if (names == files_.end()) return true;
    return names->second.paths.size() < links && names->second.links_accounted_for < links;
}

}  // namespace lockstep::push
