// What lost sessions may still do at the destination, and when they will have done it.
#pragma once

#include "agent/plan/dirty_set.h"
#include "agent/push/pusher.h"
#include "agent/state/index.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace lockstep::agent {

// A daemon goes on with what it has read of a list after we have lost the session: it renames a
// file into place over the one that was sent meanwhile, or removes its temporary file, which gives
// the directory another time, or a directory that has come again, with all that was sent into it.
// Nobody tells when it has ended. So all that the list had, and what is sent meanwhile to where it
// may do harm, is looked at once more, after as long as that may take; until then nobody knows what
// is there. Time is passed in.
class Aftermath {
public:
    using TimePoint = plan::TimePoint;

    // The connection is gone for both: the daemon ends as soon as it finds time to.
    static constexpr std::chrono::seconds after_end{1};

    // A session with this batch was lost; `timeout`: how long the daemon may wait for us.
    void expect(const plan::Batch& batch, const push::LostSessions& lost,
                std::chrono::milliseconds timeout, TimePoint now);

    // A batch has arrived. Beyond so many paths the whole source is looked at.
    static constexpr std::size_t looks_max = 100'000;
    void arrived(const plan::Batch& batch);

    // Where a push that was cut short before this start may have left its temporary file. It is
    // listed once all that differs is known, so that nothing is sent for the listing and for
    // itself; false: there is no such directory.
    void list_later(std::string directory) { to_be_listed_.insert(std::move(directory)); }
    bool expect_listings(TimePoint now);

    // When it is over; none: there is none.
    const std::optional<TimePoint>& until() const noexcept { return until_; }
    using Looks = std::map<std::string, plan::Look, std::less<>>;
    const Looks& looks() const noexcept { return looks_; }
    // It is over: what has to be looked at is dirty.
    void end(plan::DirtySet& dirty, TimePoint now);
    // A flush that waits for `mark` waits for what was found at the last end as well.
    std::uint64_t covering(std::uint64_t mark) const noexcept { return std::max(mark, mark_); }

    // A crash must not forget it. It is in the index once it has been put there, but for what the
    // acknowledgement of the batch takes from there: those that go with it.
    std::vector<state::DirtyRow> to_record(const plan::Batch& acknowledged);

private:
    void expect_looks(const plan::Batch& batch, const std::set<std::string>& directories,
                      TimePoint until);
    bool in_danger(const std::string& path) const;
    bool is_covered(const plan::DirtyPath& dirty) const;
    plan::Look look_at(std::string_view path) const;

    Looks looks_;
    std::set<std::string, std::less<>> lost_;  // what it may remove or replace
    std::optional<TimePoint> until_;
    bool recorded_ = true;
    std::uint64_t mark_ = 0;
    std::set<std::string> to_be_listed_;
};

}  // namespace lockstep::agent
