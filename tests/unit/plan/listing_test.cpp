// A directory whose names are compared, and nothing below them.
#include "agent/plan/plan.h"

#include <catch2/catch.hpp>

using namespace lockstep;
using namespace lockstep::plan;
using transport::DirKind;
using transport::Entry;

namespace {

Entry make(const std::string& path, std::uint32_t mode)
{
    Entry entry;
    entry.path = path;
    entry.mode = mode;
    return entry;
}

}  // namespace

TEST_CASE("a listing deletes what is not in the directory, and looks no deeper", "[plan][listing]")
{
    const Entry root = make("", 0040755);
    Entry directory = make("d", 0040755);
    const Entry below = make("d/below", 0040755);
    const Entry file = make("d/file", 0100644);
    Observed observed;
    observed.at = {{"", root}, {"d", directory}};
    directory.dir_kind = DirKind::content;
    observed.subtrees = {{"d", {directory, below, file}}};
    Batch batch;
    batch.paths = {{"d", Look::listing, 1, {}, 0}};

    const Plan plan = make_plan(batch, observed, {});

    REQUIRE(plan.steps.size() == 1);
    CHECK(plan.steps[0].delete_extras);
    CHECK_FALSE(plan.steps[0].ignore_times);
    for (const Entry& entry : plan.steps[0].list.entries) {
        INFO(entry.path);
        CHECK((entry.dir_kind == DirKind::content) == (entry.path == "d"));
    }
    CHECK(plan.steps[0].list.entries.size() == 4);
}

TEST_CASE("a listing of what is no directory any more sends what is there", "[plan][listing]")
{
    Observed observed;
    observed.at = {{"", make("", 0040755)}, {"d", make("d", 0100644)}};
    Batch batch;
    batch.paths = {{"d", Look::listing, 1, {}, 0}};

    const Plan plan = make_plan(batch, observed, {});

    REQUIRE(plan.steps.size() == 1);
    CHECK_FALSE(plan.steps[0].delete_extras);
    CHECK(plan.steps[0].ignore_times);
}

TEST_CASE("of a compare that stands for forgotten paths, what changed since is sent for certain",
          "[plan][listing]")
{
    Entry root = make("", 0040755);
    Observed observed;
    Entry directory = make("d", 0040755);
    observed.at = {{"", root}, {"d", directory}};
    root.dir_kind = directory.dir_kind = DirKind::content;
    observed.subtrees = {{"", {root, directory}},
                         {"d", {directory, make("d/old", 0100644), make("d/new", 0100644)}, {2}}};
    Batch batch;
    batch.paths = {{"", Look::listing, 1, {}, 0}, {"d", Look::listing, 1, {}, 0}};

    const Plan plan = make_plan(batch, observed, {});

    REQUIRE(plan.steps.size() == 2);
    CHECK(plan.steps[0].ignore_times);
    CHECK_FALSE(plan.steps[0].delete_extras);
    std::vector<std::string> sent;
    for (const Entry& entry : plan.steps[0].list.entries) sent.push_back(entry.path);
    CHECK(sent == std::vector<std::string>{".", "d", "d/new"});
    CHECK(plan.steps[1].delete_extras);
    CHECK(plan.steps[1].list.entries.size() == 4);
}
