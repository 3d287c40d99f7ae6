#include "agent/push/large_files.h"

#include <catch2/catch.hpp>

#include <cstdint>

using namespace lockstep;
using namespace lockstep::push;

namespace {

constexpr std::uint64_t mebi = std::uint64_t{1024} * 1024;

plan::Step step_of(std::uint64_t bytes, std::size_t files = 1)
{
    plan::Step step;
    for (std::size_t i = 0; i < files; ++i) {
        transport::Entry entry;
        entry.path = "d/" + std::to_string(i);
        entry.mode = 0100644;
        entry.size = bytes;
        step.list.entries.push_back(entry);
    }
    return step;
}

transport::PushOptions chosen(const LargeFiles& files, const plan::Step& step)
{
    transport::PushOptions options;
    files.choose(step, nullptr, options);
    return options;
}

}  // namespace

TEST_CASE("blocks are smaller than the daemon's own, and not too many", "[push][large]")
{
    CHECK(block_bytes_for(0) == 0);
    CHECK(block_bytes_for(16 * mebi) == 0);
    CHECK(block_bytes_for(16 * mebi + 1) == 4096);
    CHECK(block_bytes_for(1024 * mebi) == 4096);
    CHECK(block_bytes_for(1024 * mebi + 1) == 8192);
    CHECK(block_bytes_for(16 * 1024 * mebi) == 65536);
    CHECK(block_bytes_for(UINT64_MAX / 2) == 0);
}

TEST_CASE("lists of many files, and what goes another way, are left to the daemon", "[push][large]")
{
    const LargeFiles files;
    CHECK(chosen(files, step_of(100 * mebi)).block_bytes == 4096);
    CHECK(chosen(files, step_of(100 * mebi, 17)).block_bytes == 0);
    CHECK(chosen(files, step_of(mebi)) == transport::PushOptions());
    plan::Step appended = step_of(100 * mebi);
    appended.way = transport::Way::append;
    CHECK(chosen(files, appended) == transport::PushOptions());
    CHECK(chosen(files, step_of(100 * mebi)).partial_dir.empty());  // nobody knows that it is new
}

TEST_CASE("what is kept is protected from compares until it is whole", "[push][large]")
{
    LargeFiles files;
    plan::Step step = step_of(100 * mebi);
    step.list.entries[0].path = "d/[x/file";
    files.lost(step.list);
    plan::Step compare = step_of(1);
    compare.delete_extras = true;

    CHECK(chosen(files, compare).filter_rules ==
          std::vector<std::string>{"- /d/\\[x/.~lockstep.partial/"});
    CHECK(chosen(files, step_of(1)).filter_rules.empty());

    transport::PathFailure failure;
    failure.path = "d/[x/file";
    files.arrived(step.list, {failure});
    CHECK(chosen(files, compare).filter_rules.size() == 1);
    files.arrived(step.list, {});
    CHECK(chosen(files, compare).filter_rules.empty());
}
