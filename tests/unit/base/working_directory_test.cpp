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

TEST_CASE("a directory that cannot be entered is said to be none", "[base][working_directory]")
{
    std::thread([] {
        WorkingDirectory here;
        CHECK_FALSE(here.enter(-1));
    }).join();
}

}  // namespace lockstep
