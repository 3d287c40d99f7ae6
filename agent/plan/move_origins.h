// Of paths that were only moved: where they were, which is where a destination still has them.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::plan {

struct Move {
    std::string from;
    std::string to;
    bool operator==(const Move&) const = default;
};

// Moves of moved things are followed to the first origin, by the path itself or by a directory
// above it. Few at a time; O(log n) each.
class MoveOrigins {
public:
    void set(const std::string& path, const std::string& origin);
    void erase(const std::string& path);
    void clear();
    bool empty() const noexcept { return by_path_.empty(); }

    // Of what is at the path now: the path itself where no move of it is known. Empty where it has
    // been written to and not only moved there: then nobody has it.
    std::string of(const std::string& path, bool written) const;
    // The path's own, empty if it has none; it is forgotten.
    std::string take(const std::string& path);
    // The paths whose origin is at or below `path`; is a directory above it.
    std::vector<std::string> from_at_or_below(std::string_view path) const;
    std::vector<std::string> from_above(std::string_view path) const;

private:
    std::map<std::string, std::string, std::less<>> by_path_;
    std::multimap<std::string, std::string, std::less<>> by_origin_;
};

}  // namespace lockstep::plan
