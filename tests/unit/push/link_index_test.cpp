#include "agent/push/link_index.h"

#include <catch2/catch.hpp>

using namespace lockstep::push;
using lockstep::transport::Entry;

namespace {

Entry file(std::uint64_t inode)
{
    Entry entry;
    entry.mode = 0100644;
    entry.link_dev = 1;
    entry.link_inode = inode;
    return entry;
}

}  // namespace

TEST_CASE("the names of one file know each other", "[push][link_index]")
{
    LinkIndex links;
    links.saw("a", file(7), 3);
    links.saw("b", file(7), 3);
    links.saw("d/c", file(7), 3);
    links.saw("x", file(8), 2);

    CHECK(links.siblings("b", file(7)) == std::vector<std::string>{"a", "d/c"});
    CHECK(links.siblings("x", file(8)).empty());
    CHECK_FALSE(links.incomplete(file(7), 3));
    CHECK(links.incomplete(file(8), 2));
}

TEST_CASE("a name that became another file leaves its siblings", "[push][link_index]")
{
    LinkIndex links;
    links.saw("a", file(7), 2);
    links.saw("b", file(7), 2);

    links.saw("b", file(9), 2);
    CHECK(links.siblings("a", file(7)).empty());
    links.lost("a");
    CHECK(links.incomplete(file(7), 2));
}

TEST_CASE("names outside the source are asked for once, not for ever", "[push][link_index]")
{
    LinkIndex links;
    links.saw("a", file(7), 2);
    CHECK(links.incomplete(file(7), 2));

    links.whole_source_seen();

    CHECK_FALSE(links.incomplete(file(7), 2));
    CHECK(links.incomplete(file(7), 3));
}
