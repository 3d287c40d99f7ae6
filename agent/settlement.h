// What becomes of the paths of a batch once its push is over: pure, time is passed in.
#pragma once

#include "agent/plan/dirty_set.h"
#include "agent/push/pusher.h"
#include "agent/troubles.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace lockstep::agent {

// What a settlement has to know beside the batch and the report.
struct Waits {
    std::function<std::uint32_t(const std::string& path)> attempts;  // of what is not in the batch
    std::function<std::chrono::milliseconds(std::uint32_t attempts)> delay_after;
    std::chrono::milliseconds open_max{0};  // for the close of a file
    std::uint64_t hurry_up_to = 0;          // a flush does not wait for the close of these
};

// What has arrived of the batch, and what goes again: its other paths, and those below that failed.
struct Settlement {
    // As good as never, and no overflow when it is added to a time.
    static constexpr std::chrono::hours never{24 * 365 * 10};

    std::vector<const plan::DirtyPath*> arrived;  // of the batch
    std::vector<plan::DirtySet::Again> again;
    std::optional<Trouble> failed;    // about paths
    std::optional<Trouble> withheld;  // deletions, until a person allows them
};

// The push worked, but for what the report has.
Settlement settled(const plan::Batch& batch, const push::PushReport& report, const Waits& waits,
                   plan::TimePoint now);

// The daemon complained, nobody knows about what, and it is about a path of this batch: each of
// them failed with that.
void blame_all(const plan::Batch& batch, push::PushReport& report);

// The daemon gave up over the culprit: the others go without it, at once. None where it is a
// directory with what is in it: what fails is something below, or not a directory any more; the
// compare will tell.
std::optional<std::vector<plan::DirtySet::Again>> all_but(const plan::Batch& batch,
                                                          const std::string& culprit,
                                                          const Waits& waits, plan::TimePoint now);

}  // namespace lockstep::agent
