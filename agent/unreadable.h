// Directories of a source that cannot be read, whose content nobody knows.
#pragma once

#include "agent/status/snapshot.h"
#include "base/path.h"

#include <set>
#include <string>

namespace lockstep::agent {

class Unreadable {
public:
    static constexpr std::size_t shown_max = 20;

    // False: it was known to be.
    bool add(const std::string& path) { return paths_.insert(path).second; }
    void readable_again(const std::string& path) { paths_.erase(path); }
    // It went, or was moved: it will not become readable; under a new name the compare of what
    // moved names it.
    void went(const std::string& path)
    {
        std::erase_if(paths_, [&](const std::string& one) { return is_at_or_below(one, path); });
    }
    void clear() { paths_.clear(); }

    void tell(status::Mapping& told) const
    {
        for (const std::string& path : paths_) {
            if (told.unreadable.size() == shown_max) break;
            told.unreadable.push_back(escaped(path));
        }
    }

private:
    std::set<std::string> paths_;
};

}  // namespace lockstep::agent
