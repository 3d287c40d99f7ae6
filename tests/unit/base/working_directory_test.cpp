#include "base/working_directory.h"

#include "base/fd.h"
#include "tests/support/temp_tree.h"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <thread>

namespace lockstep {
namespace {

Fd open_directory(const std::string& path)
{
    return Fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

}  // namespace

TEST_CASE("a thread works in a directory of its own, and leaves it", "[base][working_directory]")
{
    const testing::TempDir dir;
    testing::write_file(dir / "below/name", "content");
    const std::string before = std::filesystem::current_path();

    std::thread([&] {
        {
            const Fd below = open_directory(dir / "below");
            WorkingDirectory here;
            REQUIRE(here.enter(below.get()));
            CHECK(::access("name", F_OK) == 0);
        }
        CHECK(std::filesystem::current_path() == "/");
    }).join();

    CHECK(std::filesystem::current_path() == before);
}

TEST_CASE("of two on a thread only the one that was entered last is there",
          "[base][working_directory]")
{
    const testing::TempDir dir;
    testing::write_file(dir / "outer/name", "content");
    testing::write_file(dir / "inner/other", "content");

    std::thread([&] {
        const Fd directory = open_directory(dir / "outer");
        WorkingDirectory outer;
        CHECK_FALSE(outer.is_here());
        REQUIRE(outer.enter(directory.get()));
        CHECK(outer.is_here());
        {
            const Fd below = open_directory(dir / "inner");
            WorkingDirectory inner;
            CHECK(outer.is_here());
            REQUIRE(inner.enter(below.get()));
            CHECK(inner.is_here());
            CHECK_FALSE(outer.is_here());
        }
        CHECK_FALSE(outer.is_here());
        REQUIRE(outer.enter(directory.get()));
        CHECK(outer.is_here());
        CHECK(::access("name", F_OK) == 0);
        outer.leave();
        CHECK_FALSE(outer.is_here());
    }).join();
}

TEST_CASE("a directory that cannot be entered is said to be none", "[base][working_directory]")
{
    std::thread([] {
        WorkingDirectory here;
        CHECK_FALSE(here.enter(-1));
    }).join();
}

}  // namespace lockstep
