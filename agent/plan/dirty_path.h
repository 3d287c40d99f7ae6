// A path whose state at a destination is not known to equal the source's, as it is handed around.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace lockstep::plan {

using TimePoint = std::chrono::steady_clock::time_point;

// How closely to look at a path; the closer look includes the others.
enum class Look {
    attributes,  // mode, owner, times: its content is not read
    written,     // its content too, which is written to and perhaps not yet whole
    content,     // what it is, and what is in it
    listing,     // of a directory: the names directly in it, so that there are no others there
    subtree,     // everything at and below it
};

struct DirtyPath {
    std::string path;
    Look look = Look::content;
    std::uint64_t sequence = 0;            // of the first event since it was last taken
    TimePoint since;                       // when that was
    std::uint32_t attempts = 0;            // that failed in a row
    std::optional<TimePoint> failed_at{};  // the last of them; none once it was touched again
    // Of a subtree that stands for paths of which nothing else is remembered: what changed in it
    // since then is sent whatever its size and times say.
    std::optional<TimePoint> changed_since{};
    // Whoever wrote to it, as far as was heard, has closed it since.
    bool closed = false;
    bool operator==(const DirtyPath&) const = default;
};

}  // namespace lockstep::plan
