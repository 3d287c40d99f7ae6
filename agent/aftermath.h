// What a lost session may still do at the destination, and when it will have done it.
#pragma once

#include "agent/plan/dirty_set.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace lockstep::agent {

// A daemon goes on with what it has read of a list after we have lost the session: it renames a
// file into place over the one that was sent meanwhile, or removes its temporary file, which gives
// the directory another time. Nobody tells when it has ended. So all that the list had is looked
// at once more, after as long as that may take; until then nobody knows what is there. Time is
// passed in.
class Aftermath {
public:
    using TimePoint = plan::TimePoint;

    // The connection is gone for both: the daemon ends as soon as it finds time to.
    static constexpr std::chrono::seconds after_end{1};

    // `directories`: those that the list had files in.
    void expect(const plan::Batch& batch, const std::set<std::string>& directories, TimePoint until)
    {
        if (batch.empty() && directories.empty()) return;
        for (const plan::DirtyPath& dirty : batch.paths)
            if (dirty.look < plan::Look::listing)
                looks_.emplace(dirty.path, plan::Look::attributes);
        for (const std::string& directory : directories)
            looks_.insert_or_assign(directory, plan::Look::listing);
        until_ = until_ ? std::max(*until_, until) : until;
    }

    // When it is over; none: there is none.
    const std::optional<TimePoint>& until() const noexcept { return until_; }
    const std::map<std::string, plan::Look>& looks() const noexcept { return looks_; }
    // It is over: what has to be looked at.
    std::map<std::string, plan::Look> take()
    {
        until_.reset();
        return std::exchange(looks_, {});
    }

private:
    std::map<std::string, plan::Look> looks_;
    std::optional<TimePoint> until_;
};

}  // namespace lockstep::agent
