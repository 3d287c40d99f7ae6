#include "agent/push/link_index.h"

#include <catch2/catch.hpp>

using namespace lockstep::push;
using lockstep::plan::Look;
using lockstep::plan::TimePoint;
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

    links.whole_source_begins(TimePoint());
    links.saw("linked meanwhile", file(8), 2);
    links.whole_source_seen(TimePoint());

    CHECK_FALSE(links.incomplete(file(7), 2));
    CHECK(links.incomplete(file(7), 3));
    CHECK(links.incomplete(file(8), 2));
    links.whole_source_begins(TimePoint());
    links.whole_source_seen(TimePoint());
    CHECK_FALSE(links.incomplete(file(8), 2));
}

TEST_CASE("what names below a directory were is known until they are lost", "[push][link_index]")
{
    LinkIndex links;
    links.saw("a", file(7), 2);
    links.saw("d/a", file(7), 2);
    links.saw("d/e/b", file(8), 2);
    links.saw("d0", file(8), 2);
    links.saw("d-", file(9), 1);

    CHECK(links.siblings_as_seen("d/a") == std::vector<std::string>{"a"});
    CHECK(links.siblings_as_seen("d").empty());
    CHECK(links.siblings_as_seen_below("d") == std::vector<std::string>{"a", "d0"});

    links.lost_below("d");

    CHECK(links.siblings_as_seen_below("d").empty());
    CHECK(links.siblings_as_seen("a").empty());
    CHECK(links.incomplete(file(8), 2));
}

TEST_CASE("a name goes along with what is moved", "[push][link_index]")
{
    LinkIndex links;
    links.saw("a", file(7), 3);
    links.saw("b", file(7), 3);
    links.saw("d/e/c", file(7), 3);
    links.saw("d/x", file(8), 2);
    links.saw("y", file(8), 2);

    links.moved({{"a", "new", false, {}}, {"d", "there", true, {}}});
    CHECK(links.siblings_as_seen("new") == std::vector<std::string>{"b", "there/e/c"});
    CHECK(links.siblings_as_seen("there/x") == std::vector<std::string>{"y"});
    CHECK(links.siblings_as_seen("a").empty());
    CHECK(links.siblings_as_seen("d/x").empty());
    CHECK(links.joined().empty());

    INFO("over another name, whose file has others");
    links.moved({{"new", "y", false, {}}});
    CHECK(links.siblings_as_seen("y") == std::vector<std::string>{"b", "there/e/c"});
    CHECK(links.joined() == std::map<std::string, Look>{{"there/x", Look::content}});
    links.arrived();

    INFO("what is not known as a link leaves what it was moved over as it was seen");
    links.moved({{"plain", "b", false, {}}});
    CHECK(links.joined() ==
          std::map<std::string, Look>{{"there/e/c", Look::content}, {"y", Look::content}});
    links.arrived();

    INFO("moves that were not kept");
    links.moved({{}});
    CHECK(links.joined().size() == 4);
}

TEST_CASE("a name may escape a look at the whole source by being moved", "[push][link_index]")
{
    using std::chrono::seconds;
    const TimePoint start = TimePoint() + seconds(1000);
    LinkIndex links;
    links.whole_source_begins(start);
    links.saw("a", file(7), 2);  // the other one was moved from where it did not look to where it
                                 // had looked
    links.saw("b", file(8), 2);
    links.saw("c", file(8), 2);
    links.whole_source_seen(start + seconds(1));

    links.moved({{"x", "y", false, start - seconds(1)}, {"x", "y", false, start + seconds(60)}});
    CHECK(links.joined().empty());
    links.moved({{"x", "y", false, start + seconds(2)}});
    CHECK(links.joined() == std::map<std::string, Look>{{"a", Look::content}});
}
