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

TEST_CASE("a file that grows has large blocks from its second delta on", "[push][large]")
{
    LargeFiles files;
    const plan::Step step = step_of(100 * mebi);
    const auto arrive = [&](std::uint64_t literal_bytes) {
        transport::PushOutcome outcome;
        outcome.figures.literal_bytes = literal_bytes;
        files.arrived(step.list, outcome, chosen(files, step).block_bytes);
        return chosen(files, step).block_bytes;
    };
    CHECK(arrive(100 * mebi) == 4096);  // a new one says nothing
    CHECK(arrive(5000) == 32768);
    CHECK(arrive(20000) == 32768);
    CHECK(arrive(0) == 32768);  // nothing but its times
    // Written to in many places, and once more in one.
    CHECK(arrive(100 * 32768) == 4096);
    CHECK(arrive(4100) == 32768);
    CHECK(chosen(files, step_of(mebi)).block_bytes == 0);
    CHECK(BlockSizes().of("d/0", 100 * mebi) == 4096);
}

TEST_CASE("what is known of large files has a bound", "[push][large]")
{
    BlockSizes sizes;
    for (std::size_t i = 0; i <= BlockSizes::files_max; ++i)
        sizes.learn("f" + std::to_string(i), 100 * mebi, 4096, 1);
    CHECK(sizes.of("f0", 100 * mebi) == 4096);
    CHECK(sizes.of("f" + std::to_string(BlockSizes::files_max), 100 * mebi) == 32768);
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
    transport::PushOutcome outcome;
    outcome.failures.push_back(failure);
    files.arrived(step.list, outcome, 0);
    CHECK(chosen(files, compare).filter_rules.size() == 1);
    files.arrived(step.list, {}, 0);
    CHECK(chosen(files, compare).filter_rules.empty());
}
