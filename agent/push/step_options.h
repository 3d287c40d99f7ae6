// What the session for a step is opened with.
#pragma once

#include "agent/plan/plan.h"
#include "agent/push/refusals.h"
#include "transport/push_session.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lockstep::push {

struct StepOptions {
    transport::PushOptions options;
    Asks asks;  // of these, what the step can do without
};

// `deletions_max`: of a step that deletes what is not in its list; none: as many as there are.
StepOptions options_for(const plan::Step& step, const transport::PushOptions& preserved,
                        const std::vector<std::string>& filter_rules, const Refusals& refusals,
                        std::optional<std::uint64_t> deletions_max);

// The options of the usual push of live changes, those that a warm session is opened with. A daemon
// may refuse the ones that deletions need.
transport::PushOptions live_options(const transport::PushOptions& preserved,
                                    const std::vector<std::string>& filter_rules,
                                    bool with_deletions);

}  // namespace lockstep::push
