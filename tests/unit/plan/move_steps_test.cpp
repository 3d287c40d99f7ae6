#include "agent/plan/move_steps.h"

#include <catch2/catch.hpp>

#include <map>

using namespace lockstep::plan;
using lockstep::transport::DirKind;
using lockstep::transport::Entry;

namespace {

Entry file(const std::string& path, std::uint64_t size = 100)
{
    Entry entry;
    entry.path = path;
    entry.mode = 0100644;
    entry.size = size;
    return entry;
}

Entry directory(const std::string& path)
{
    Entry entry;
    entry.path = path;
    entry.mode = 0040755;
    return entry;
}

// Only directories matter.
Observed source(const std::vector<std::string>& directories)
{
    Observed observed;
    observed.at.emplace("", directory(""));
    for (const std::string& path : directories) observed.at.emplace(path, directory(path));
    return observed;
}

std::map<std::string, Entry> entries_of(const Step& step)
{
    std::map<std::string, Entry> entries;
    for (const Entry& entry : step.list.entries) CHECK(entries.emplace(entry.path, entry).second);
    return entries;
}

using Names = std::vector<std::string>;

// The new names, step by step.
std::vector<Names> steps_of(const std::vector<MovedFile>& files)
{
    std::vector<Names> steps;
    for (const Step& step : move_steps(files, source({}))) {
        Names& names = steps.emplace_back();
        for (const auto& [path, entry] : entries_of(step))
            if (entry.is_regular() && !entry.only_there) names.push_back(path);
    }
    return steps;
}

}  // namespace

TEST_CASE("a moved file is a group of its two names, with the parents of both", "[plan][moves]")
{
    const std::vector<Step> steps = move_steps({{"old/deep/a", file("new/b")}}, source({"new"}));
    REQUIRE(steps.size() == 1);
    CHECK(steps[0].links);
    CHECK_FALSE(steps[0].ignore_times);
    const std::map<std::string, Entry> entries = entries_of(steps[0]);
    REQUIRE(entries.size() == 6);
    CHECK(entries.at("new").dir_kind == DirKind::plain);
    CHECK(entries.at("old").dir_kind == DirKind::implied);
    CHECK(entries.at("old/deep").dir_kind == DirKind::implied);
    const Entry& there = entries.at("old/deep/a");
    const Entry& here = entries.at("new/b");
    CHECK(there.only_there);
    CHECK_FALSE(here.only_there);
    CHECK(there.link_inode == here.link_inode);
    CHECK(there.link_inode != 0);
    CHECK(there.size == 100);
}

TEST_CASE("a name is taken after it was moved away from", "[plan][moves]")
{
    CHECK(steps_of({{"1", file("2")}, {"2", file("3")}, {"x", file("y")}}) ==
          std::vector<Names>{{"3", "y"}, {"2"}});
    INFO("what goes in a circle does not move");
    CHECK(steps_of({{"1", file("2")}, {"2", file("1")}}).empty());
    CHECK(steps_of({{"1", file("2")}, {"2", file("1")}, {"2x", file("3")}}) ==
          std::vector<Names>{{"3"}});
}

TEST_CASE("a chain that does not end is cut", "[plan][moves]")
{
    std::vector<MovedFile> files;
    for (int i = 0; i < 30; ++i) files.push_back({std::to_string(i), file(std::to_string(i + 1))});
    CHECK(steps_of(files).size() == move_steps_max);
}

TEST_CASE("a file does not stand in a list as another's directory", "[plan][moves]")
{
    CHECK(steps_of({{"a", file("d")}, {"d/x", file("e")}}) == std::vector<Names>{{"d"}});
    CHECK(steps_of({{"d/x", file("e")}, {"a", file("d")}}) == std::vector<Names>{{"e"}});
    INFO("nor where it was");
    const std::vector<Step> steps =
        move_steps({{"f", file("g")}, {"h", file("f/x")}}, source({"f"}));
    REQUIRE(steps.size() == 1);
    CHECK(entries_of(steps[0]).contains("f"));
    CHECK_FALSE(entries_of(steps[0]).contains("f/x"));
    CHECK(move_steps({{"f", file("f/x")}}, source({"f"})).empty());
}
