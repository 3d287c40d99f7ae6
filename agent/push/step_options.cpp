#include "agent/push/step_options.h"

namespace lockstep::push {
namespace {

// A session of the usual way is ready for deletions whether the step needs them or not: so it may
// be a warm one.
bool has_deletions(const plan::Step& step, const Refusals& refusals)
{
    const bool needs_them = step.delete_missing || step.delete_extras;
    const bool usual = step.way == transport::Way::usual;
    return needs_them || (usual && !refusals.contains(Ask::deletions));
}

Asks asks_of(const plan::Step& step, const transport::PushOptions& preserved,
             const Refusals& refusals)
{
    Asks asks;
    if (preserved.compress == "auto" && !refusals.contains(Ask::compression))
        asks.add(Ask::compression);
    if (step.way == transport::Way::append) asks.add(Ask::appends);
    if (step.way == transport::Way::in_place) asks.add(Ask::overwrites);
    const bool needs_them = step.delete_missing || step.delete_extras || step.links;
    if (step.way == transport::Way::usual && !needs_them && !refusals.contains(Ask::deletions))
        asks.add(Ask::deletions);
    return asks;
}

}  // namespace

StepOptions options_for(const plan::Step& step, const transport::PushOptions& preserved,
                        const std::vector<std::string>& filter_rules, const Refusals& refusals,
                        std::optional<std::uint64_t> deletions_max)
{
    transport::PushOptions options =
        live_options(preserved, filter_rules, has_deletions(step, refusals));
    options.ignore_times = step.ignore_times && !options.keeps_backups();
    options.hard_links = options.hard_links || step.links;
    options.way = step.way;
    if (step.way == transport::Way::append) {
        // The one would read all of the file, of the other the daemon says that it makes no sense.
        options.checksum = false;
        options.whole_file = false;
    }
    if (step.delete_extras) {
        options.delete_missing = step.delete_missing;
        options.delete_extras = true;
        options.max_delete = deletions_max;
    }
    return {std::move(options), asks_of(step, preserved, refusals)};
}

transport::PushOptions live_options(const transport::PushOptions& preserved,
                                    const std::vector<std::string>& filter_rules,
                                    bool with_deletions)
{
    transport::PushOptions options = preserved;
    options.ignore_times = !preserved.keeps_backups();
    if (!with_deletions) return options;
    options.delete_missing = true;
    options.filter_rules = filter_rules;
    return options;
}

}  // namespace lockstep::push
