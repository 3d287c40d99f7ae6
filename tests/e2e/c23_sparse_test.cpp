#include "tests/e2e/live_mirror.h"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <string>

using namespace lockstep::testing;

namespace {

constexpr off_t mebibyte = 1 << 20;
constexpr off_t file_bytes = 512 * mebibyte;

void patch(const std::string& path, off_t at, std::string_view bytes)
{
    const lockstep::Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    REQUIRE(::ftruncate(file.get(), file_bytes) == 0);
    REQUIRE(::pwrite(file.get(), bytes.data(), bytes.size(), at) ==
            static_cast<ssize_t>(bytes.size()));
}

off_t allocated_bytes(const std::string& path)
{
    return status_of(path).st_blocks * 512;
}

}  // namespace

TEST_CASE("a sparse file takes as little room there as here", "[e2e][C23]")
{
    LiveMirror mirror;
    const std::string image = mirror.source("image");
    for (const off_t at : {off_t{0}, file_bytes / 2, file_bytes - mebibyte})
        patch(image, at, random_bytes(mebibyte, static_cast<std::uint64_t>(at)));
    REQUIRE(mirror.flushed_differences() == Lines{});
    CHECK(allocated_bytes(mirror.dest("image")) < 16 * mebibyte);

    const std::uint64_t sent_before = mirror.sent("bytes_sent");
    patch(image, file_bytes / 4, random_bytes(4096, 7));
    REQUIRE(mirror.flushed_differences() == Lines{});
    CHECK(allocated_bytes(mirror.dest("image")) < 16 * mebibyte);
    CHECK(mirror.sent("bytes_sent") - sent_before < std::uint64_t{20} << 20);
}
