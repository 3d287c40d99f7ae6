// Moves without content: the destination makes the new name a link of the file it has under the old
// one (PROTOCOL.md 20.3). The old name is deleted by what follows.
#pragma once

#include "agent/plan/plan.h"

#include <string>
#include <vector>

namespace lockstep::plan {

// A regular file whose content and time are those that the destination has at `from`.
struct MovedFile {
    std::string from;
    transport::Entry entry;  // as it is now, under its new name
};

// The steps to be taken in order before those of make_plan(), which do not depend on their success.
// A name that is needed as an origin is not taken before it has been one, so chains take a step
// each; what goes in a circle, or on for longer than steps_max, is left to its content.
constexpr std::size_t move_steps_max = 8;
std::vector<Step> move_steps(std::vector<MovedFile> files, const Observed& observed);

}  // namespace lockstep::plan
