// The paths below a directory, as a range of their bytes.
#pragma once

#include <string>
#include <string_view>

namespace lockstep::state {

// From "path/" to "path0", the byte after '/', which is none of them. Nothing for "": what is below
// a source is said by its directories, which are gone from the index with their own rows.
struct PathsBelow {
    explicit PathsBelow(std::string_view path)
        : from(path.empty() ? std::string() : std::string(path) + '/'),
          to(path.empty() ? std::string() : std::string(path) + '0')
    {
    }
    std::string from;
    std::string to;
};

}  // namespace lockstep::state
