#include "base/path.h"

#include <catch2/catch.hpp>

using namespace lockstep;

TEST_CASE("escaped text is unambiguous and valid UTF-8", "[base][path]")
{
    CHECK(escaped("plain name") == "plain name");
    CHECK(escaped("a\nb") == "a\\x0ab");
    CHECK(escaped("a\\b") == "a\\\\b");
    CHECK(escaped("\xff\xfe") == "\\xff\\xfe");
    CHECK(escaped("\xc3\xa9") == "\xc3\xa9");
    CHECK(escaped("\xc0\xaf") == "\\xc0\\xaf");
    CHECK(escaped("\xc2\x9b") == "\\xc2\\x9b");
    CHECK(quoted("x") == "'x'");
}

TEST_CASE("a path is below itself, its ancestors and the root, and below no sibling's prefix",
          "[base][path]")
{
    CHECK(is_at_or_below("a/b", "a"));
    CHECK(is_at_or_below("a", "a"));
    CHECK(is_at_or_below("a", ""));
    CHECK_FALSE(is_at_or_below("ab", "a"));
    CHECK_FALSE(is_at_or_below("a", "a/b"));
}

TEST_CASE("join and parent_of undo each other", "[base][path]")
{
    CHECK(join("", "a") == "a");
    CHECK(join("a", "b") == "a/b");
    CHECK(parent_of(join("a/b", "c")) == "a/b");
    CHECK(name_of_path(join("a/b", "c")) == "c");
    CHECK(parent_of("a").empty());
}
