#include "agent/push/link_index.h"

namespace lockstep::push {
namespace {

LinkIndex::File file_of(const transport::Entry& entry)
{
    return {entry.link_dev, entry.link_inode};
}

}  // namespace

void LinkIndex::saw(const std::string& path, const transport::Entry& entry, std::uint64_t links)
{
    const File file = file_of(entry);
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

void LinkIndex::whole_source_seen()
{
    for (auto& [file, names] : files_) names.links_accounted_for = names.links;
}

std::vector<std::string> LinkIndex::siblings(const std::string& path,
                                             const transport::Entry& entry) const
{
    const auto names = files_.find(file_of(entry));
    if (names == files_.end()) return {};
    std::vector<std::string> others;
    for (const std::string& other : names->second.paths)
        if (other != path) others.push_back(other);
    return others;
}

bool LinkIndex::incomplete(const transport::Entry& entry, std::uint64_t links) const
{
    const auto names = files_.find(file_of(entry));
    if (names == files_.end()) return true;
    return names->second.paths.size() < links && names->second.links_accounted_for < links;
}

}  // namespace lockstep::push
