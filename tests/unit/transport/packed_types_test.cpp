#include "transport/packed_types.h"

#include <catch2/catch.hpp>

using lockstep::transport::is_packed;

TEST_CASE("what is compressed already is known by the end of its name", "[transport][packed]")
{
    for (const char* name : {"a.gz", "dir/b.JPG", "c.tar.Zst", "d.7z", "3.3gp", "x.woff2", "y.zip",
                             "\xff.mp4", ".hidden.png", "dir.txt/e.xz"})
        CHECK(is_packed(name));
    for (const char* name : {"", "gz", ".gz", "dir.gz/a", "a.", "a.txt", "a.gz.txt", "a.gzz",
                             "a.ts", "a.longer-than-any", "dir/.jpg", "a.\xff"})
        CHECK_FALSE(is_packed(name));
}
