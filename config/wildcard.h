// rsync's wildcard patterns laid over a path, byte by byte.
#pragma once

#include <cstddef>
#include <string_view>

namespace lockstep::config {

// A path as a pattern sees it: rsync puts a '/' in front for patterns that begin with "**" and one
// behind a directory for patterns that end in "***". Without building such a string.
struct PatternText {
    std::string_view path;
    bool slash_before = false;
    bool slash_after = false;

    std::size_t size() const noexcept
    {
        return path.size() + (slash_before ? 1 : 0) + (slash_after ? 1 : 0);
    }
    char operator[](std::size_t i) const noexcept
    {
        if (slash_before) {
            if (i == 0) return '/';
            --i;
        }
        return i < path.size() ? path[i] : '/';
    }
};

// '*' stops at '/', "**" does not, '?' is one byte but '/', '[…]' a class ('!' or '^' negates,
// ranges,
// [:names:] in ASCII), '\' takes the next byte as it is. A class that does not end matches nothing.
bool wildcard_matches(std::string_view pattern, const PatternText& text);

// The same beginning at the text's start or behind any of its slashes: for patterns with "**"
// inside that are not anchored.
bool wildcard_matches_after_slash(std::string_view pattern, const PatternText& text);

}  // namespace lockstep::config
