#include "agent/plan/move_origins.h"

#include "base/path.h"

namespace lockstep::plan {

void MoveOrigins::set(const std::string& path, const std::string& origin)
{
    erase(path);
    by_path_.emplace(path, origin);
    by_origin_.emplace(origin, path);
}

void MoveOrigins::erase(const std::string& path)
{
    const auto known = by_path_.find(path);
    if (known == by_path_.end()) return;
    const auto [first, last] = by_origin_.equal_range(known->second);
    for (auto it = first; it != last; ++it) {
        if (it->second != path) continue;
        by_origin_.erase(it);
        break;
    }
    by_path_.erase(known);
}

void MoveOrigins::clear()
{
    by_path_.clear();
    by_origin_.clear();
}

std::string MoveOrigins::of(const std::string& path, bool written) const
{
    if (written && !by_path_.contains(path)) return {};
    if (by_path_.empty()) return path;
    for (std::string_view up = path; !up.empty(); up = parent_of(up)) {
        const auto known = by_path_.find(up);
        if (known != by_path_.end()) return known->second + path.substr(up.size());
    }
    return path;
}

std::string MoveOrigins::take(const std::string& path)
{
    const auto known = by_path_.find(path);
    if (known == by_path_.end()) return {};
    std::string origin = known->second;
    erase(path);
    return origin;
}

std::vector<std::string> MoveOrigins::from_at_or_below(std::string_view path) const
{
    std::vector<std::string> paths;
    const auto [first, last] = by_origin_.equal_range(path);
    for (auto it = first; it != last; ++it) paths.push_back(it->second);
    const std::string below = std::string(path) + '/';
    for (auto it = by_origin_.lower_bound(below);
         it != by_origin_.end() && it->first.starts_with(below); ++it)
        paths.push_back(it->second);
    return paths;
}

std::vector<std::string> MoveOrigins::from_above(std::string_view path) const
{
    std::vector<std::string> paths;
    for (std::string_view up = parent_of(path); !up.empty(); up = parent_of(up)) {
        const auto [first, last] = by_origin_.equal_range(up);
        for (auto it = first; it != last; ++it) paths.push_back(it->second);
    }
    return paths;
}

}  // namespace lockstep::plan
