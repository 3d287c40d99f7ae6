// What is heard of links while a push has the index of them.
#include "agent/links_heard.h"

#include <catch2/catch.hpp>

#include <string>

namespace lockstep::agent {
namespace {

using std::chrono::seconds;

constexpr plan::TimePoint start{seconds(1000)};

push::LinkMove move_of(const std::string& from, const std::string& to)
{
    push::LinkMove move;
    move.from = from;
    move.to = to;
    return move;
}

push::LinksSeen seen(const std::string& path, bool whole_source, plan::TimePoint begun = {},
                     plan::TimePoint ended = {})
{
    push::LinksSeen links;
    links.links.push_back({path, 1, 2, 2});
    links.whole_source = whole_source;
    links.begun = begun;
    links.ended = ended;
    return links;
}

TEST_CASE("what moves while a push has the index waits for the next push", "[agent][links_heard]")
{
    LinksHeard heard;
    push::PushJob first;
    push::PushJob second;

    heard.lend(first);
    heard.moved(move_of("a", "b"));
    heard.give_back();
    heard.lend(second);

    CHECK(first.links == second.links);
    REQUIRE(second.links_moved.size() == 1);
    CHECK(second.links_moved.front().to == "b");
}

TEST_CASE("what moves while nobody has the index goes there at once, after what was seen",
          "[agent][links_heard]")
{
    LinksHeard heard;
    push::PushJob job;

    heard.saw(seen("a", false));
    heard.saw(seen("other", false));
    heard.moved(move_of("a", "b"));
    heard.lend(job);

    CHECK(job.links_moved.empty());
    CHECK(job.links_seen.links.empty());
    CHECK(job.links->siblings_as_seen("b") == std::vector<std::string>{"other"});
}

TEST_CASE("of too many moves the first are not kept, and that is said", "[agent][links_heard]")
{
    LinksHeard heard;
    push::PushJob first;
    push::PushJob second;
    heard.lend(first);

    for (std::size_t i = 0; i <= LinksHeard::moves_max; ++i)
        heard.moved(move_of("a", std::to_string(i)));
    heard.give_back();
    heard.lend(second);

    REQUIRE(second.links_moved.size() == 2);
    CHECK(second.links_moved.front().from.empty());
    CHECK(second.links_moved.back().to == std::to_string(LinksHeard::moves_max));
}

TEST_CASE("several walks of the source are one, from the first's beginning to the last's end",
          "[agent][links_heard]")
{
    LinksHeard heard;
    push::PushJob job;

    heard.saw(seen("a", false));
    heard.saw(seen("b", true, start, start + seconds(1)));
    heard.saw(seen("c", true, start + seconds(2), start + seconds(3)));
    heard.lend(job);

    CHECK(job.links_seen.links.size() == 3);
    CHECK(job.links_seen.whole_source);
    CHECK(job.links_seen.begun == start);
    CHECK(job.links_seen.ended == start + seconds(3));
}

}  // namespace
}  // namespace lockstep::agent
