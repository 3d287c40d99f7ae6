#include "agent/push/step_options.h"

#include <catch2/catch.hpp>

using namespace lockstep;
using namespace lockstep::push;
using transport::Way;

namespace {

const std::vector<std::string> rules{"- /private"};

StepOptions chosen(const plan::Step& step, const Refusals& refusals = {},
                   transport::PushOptions preserved = {})
{
    return options_for(step, preserved, rules, refusals, 7);
}

plan::Step step_of(Way way)
{
    plan::Step step;
    step.way = way;
    step.ignore_times = true;
    return step;
}

}  // namespace

TEST_CASE("a usual step takes a session that may delete, as a warm one is", "[push][options]")
{
    const StepOptions usual = chosen(step_of(Way::usual));
    CHECK(usual.options == live_options({}, rules, true));
    CHECK(usual.options.delete_missing);
    CHECK(usual.options.filter_rules == rules);
    CHECK(usual.asks.contains(Ask::deletions));

    plan::Step deleting = step_of(Way::usual);
    deleting.delete_missing = true;
    CHECK(chosen(deleting).options == usual.options);
    CHECK_FALSE(chosen(deleting).asks.contains(Ask::deletions));  // it cannot do without
}

TEST_CASE("where deletions are refused they are asked for by steps that need them alone",
          "[push][options]")
{
    Refusals refusals;
    refusals.add(Ask::deletions);

    const StepOptions usual = chosen(step_of(Way::usual), refusals);
    CHECK_FALSE(usual.options.delete_missing);
    CHECK(usual.options.filter_rules.empty());
    CHECK_FALSE(usual.asks.contains(Ask::deletions));

    plan::Step compare = step_of(Way::usual);
    compare.delete_extras = true;
    const StepOptions deletes = chosen(compare, refusals);
    CHECK(deletes.options.delete_extras);
    CHECK_FALSE(deletes.options.delete_missing);
    CHECK(deletes.options.max_delete == 7);
    CHECK(deletes.options.filter_rules == rules);
}

TEST_CASE("a step that goes a way of its own can go the usual one", "[push][options]")
{
    transport::PushOptions preserved;
    preserved.checksum = true;
    preserved.whole_file = true;

    const StepOptions appended = chosen(step_of(Way::append), {}, preserved);
    CHECK(appended.options.way == Way::append);
    CHECK_FALSE(appended.options.checksum);
    CHECK_FALSE(appended.options.whole_file);
    CHECK_FALSE(appended.options.delete_missing);
    CHECK(appended.asks.contains(Ask::appends));

    const StepOptions overwritten = chosen(step_of(Way::in_place), {}, preserved);
    CHECK(overwritten.options.way == Way::in_place);
    CHECK(overwritten.options.checksum);
    CHECK(overwritten.options.whole_file);
    CHECK(overwritten.asks.contains(Ask::overwrites));
    CHECK_FALSE(overwritten.asks.contains(Ask::appends));
}

TEST_CASE("compression can be left out where it is ours to choose", "[push][options]")
{
    transport::PushOptions preserved;
    preserved.compress = "zstd";
    CHECK_FALSE(chosen(step_of(Way::usual), {}, preserved).asks.contains(Ask::compression));
    preserved.compress = "auto";
    CHECK(chosen(step_of(Way::usual), {}, preserved).asks.contains(Ask::compression));
    Refusals refusals;
    refusals.add(Ask::compression);
    CHECK_FALSE(chosen(step_of(Way::usual), refusals, preserved).asks.contains(Ask::compression));
}

TEST_CASE("backups are of what differs, so times are not ignored", "[push][options]")
{
    CHECK(chosen(step_of(Way::usual)).options.ignore_times);
    transport::PushOptions preserved;
    preserved.backup_suffix = "~";
    CHECK_FALSE(chosen(step_of(Way::usual), {}, preserved).options.ignore_times);
}
