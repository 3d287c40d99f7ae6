// What is acknowledged is remembered, and what is not is not.
#include "agent/state/index.h"

#include "agent/state/index_reader.h"
#include "tests/support/temp_tree.h"

#include <catch2/catch.hpp>

#include <chrono>
#include <thread>

using namespace lockstep::state;
using namespace lockstep::testing;

namespace {

constexpr int content = 2;

Fingerprint file(std::uint64_t version)
{
    Fingerprint fingerprint;
    fingerprint.mode = S_IFREG | 0644;
    fingerprint.ctime_ns = version;
    return fingerprint;
}

Fingerprint directory()
{
    Fingerprint fingerprint;
    fingerprint.mode = S_IFDIR | 0755;
    return fingerprint;
}

struct Kept {
    TempDir dir;
    std::string path = dir / "web.index";

    Index open(std::vector<std::string> destinations = {"one"}, std::string sent_as = "all",
               std::size_t dirty_max = 1000) const
    {
        Index::Opening opening;
        opening.sent_as = std::move(sent_as);
        opening.destinations = std::move(destinations);
        opening.dirty_max = dirty_max;
        return Index(path, opening);
    }

    std::optional<Fingerprint> find(std::string_view of) const
    {
        return IndexReader(path).find(of);
    }
};

// The first compare of the whole tree, for each of the destinations.
void compared(Index& index, const std::vector<std::string>& destinations,
              const Sightings& sightings)
{
    for (const std::string& destination : destinations) {
        Acknowledgement all;
        all.destination = destination;
        all.sent = {{"", subtree_look, true}};
        all.sightings = sightings;
        index.acknowledge(all);
    }
}

Sightings tree()
{
    Sightings seen;
    seen.saw_path("", directory());
    seen.enter("", true);
    seen.saw("a", file(1));
    seen.saw("d", directory());
    seen.enter("d", true);
    seen.saw("x", file(1));
    seen.saw("y", file(1));
    return seen;
}

using Rows = std::vector<DirtyRow>;

}  // namespace

TEST_CASE("a destination that is new has the whole tree before it", "[state][index]")
{
    const Kept kept;
    Index index = kept.open();

    CHECK(index.dirty("one") == Rows{{"", subtree_look, false}});
    CHECK_FALSE(IndexReader(kept.path).has_content());
}

TEST_CASE("a compared tree is remembered across a restart, with or without a close",
          "[state][index]")
{
    const Kept kept;
    const bool closed = GENERATE(false, true);
    {
        Index index = kept.open();
        compared(index, {"one"}, tree());
        if (closed) index.close();
    }

    Index index = kept.open();

    CHECK(index.dirty("one").empty());
    CHECK(kept.find("d/x") == file(1));
    CHECK(kept.find("d") == directory());
    CHECK(kept.find("") == directory());
    CHECK(IndexReader(kept.path).has_content());
}

TEST_CASE("what was begun stays open until it is acknowledged", "[state][index]")
{
    const Kept kept;
    {
        Index index = kept.open();
        compared(index, {"one"}, tree());
        index.begin("one", {{"new", content, true}});
    }
    {
        Index index = kept.open();
        REQUIRE(index.dirty("one") == Rows{{"new", content, true}});

        Acknowledgement arrived;
        arrived.destination = "one";
        arrived.sent = {{"new", content, true}};
        arrived.sightings.saw_path("new", file(5));
        index.acknowledge(arrived);
    }

    Index index = kept.open();
    CHECK(index.dirty("one").empty());
    CHECK(kept.find("new") == file(5));
}

TEST_CASE("a path that failed keeps its old state and stays open", "[state][index]")
{
    const Kept kept;
    Index index = kept.open();
    compared(index, {"one"}, tree());

    Acknowledgement some;
    some.destination = "one";
    some.sent = {{"a", content, true}, {"d/x", content, true}};
    some.again = {{"a", content, false}};
    some.sightings.saw_path("a", file(2));
    some.sightings.saw_path("d/x", file(2));
    index.acknowledge(some);

    CHECK(index.dirty("one") == Rows{{"a", content, false}});
    CHECK(kept.find("a") == file(1));
    CHECK(kept.find("d/x") == file(2));
}

TEST_CASE("the others lack what one destination has acknowledged, until they have it too",
          "[state][index]")
{
    const Kept kept;
    Index index = kept.open({"one", "two", "three"});
    compared(index, {"one", "two", "three"}, tree());
    REQUIRE(index.dirty("two").empty());

    Acknowledgement arrived;
    arrived.destination = "one";
    arrived.sent = {{"a", content, true}};
    arrived.sightings.saw_path("a", file(2));
    index.acknowledge(arrived);
    CHECK(index.dirty("one").empty());
    CHECK(index.dirty("two") == Rows{{"a", content, false}});

    arrived.destination = "two";
    index.acknowledge(arrived);
    CHECK(index.dirty("two").empty());
    CHECK(index.dirty("three") == Rows{{"a", content, false}});

    INFO("an older state, acknowledged late, makes all others differ from the index");
    Acknowledgement late;
    late.destination = "three";
    late.sent = {{"a", content, true}};
    late.sightings.saw_path("a", file(1));
    index.acknowledge(late);
    CHECK(index.dirty("three").empty());
    CHECK(index.dirty("one") == Rows{{"a", content, false}});
    CHECK(kept.find("a") == file(1));
}

TEST_CASE("of what was sent for its attributes alone the others lack no more", "[state][index]")
{
    const Kept kept;
    Index index = kept.open({"one", "two"});
    compared(index, {"one", "two"}, tree());

    Acknowledgement arrived;
    arrived.destination = "one";
    arrived.sent = {{"a", attributes_look, true},
                    {"d", attributes_look, true},
                    {"d/x", content, true},
                    {"n", attributes_look, true}};
    arrived.sightings.saw_path("a", file(2));
    arrived.sightings.saw_path("d", file(2));
    arrived.sightings.saw_path("d/x", file(2));
    arrived.sightings.saw_path("n", file(2));
    const std::vector<Lacking> lacking = index.acknowledge(arrived);
    const Rows rows{{"a", attributes_look, false},
                    {"d", subtree_look, false},  // was a directory
                    {"d/x", content, false},
                    {"n", content, false}};  // was nothing
    CHECK(index.dirty("two") == rows);
    CHECK(lacking.front() == Lacking{"two", "a", attributes_look});

    INFO("not when it is sent for its content by another batch");
    arrived.sent = {{"a", content, true}};
    arrived.sightings = {};
    arrived.sightings.saw_path("a", file(3));
    index.acknowledge(arrived);
    CHECK(index.dirty("two").front() == DirtyRow{"a", content, false});
}

TEST_CASE("a deleted directory is forgotten with all below it", "[state][index]")
{
    const Kept kept;
    Index index = kept.open({"one", "two"});
    compared(index, {"one", "two"}, tree());

    Acknowledgement gone;
    gone.destination = "one";
    const bool by_compare = GENERATE(false, true);
    if (by_compare) {
        gone.sent = {{"", subtree_look, true}};
        gone.sightings.enter("", true);
        gone.sightings.saw("a", file(1));
    } else {
        gone.sent = {{"d", content, true}};
        gone.sightings.missed_path("d");
    }
    index.acknowledge(gone);

    CHECK_FALSE(kept.find("d"));
    CHECK_FALSE(kept.find("d/x"));
    CHECK(kept.find("a") == file(1));
    CHECK(kept.find("") == directory());
    CHECK(index.dirty("two") == Rows{{"d", subtree_look, false}});
}

TEST_CASE("a directory that came again does not hide what others have of the one before",
          "[state][index]")
{
    const Kept kept;
    Index index = kept.open({"one", "two"});
    compared(index, {"one", "two"}, tree());
    const bool in_flight = GENERATE(false, true);
    if (in_flight) index.begin("two", {{"d", content, false}});

    Acknowledgement gone;
    gone.destination = "one";
    gone.sent = {{"d", subtree_look, true}};
    const bool by_file = GENERATE(false, true);
    if (by_file)
        gone.sightings.saw_path("d", file(2));
    else
        gone.sightings.missed_path("d");
    index.acknowledge(gone);

    Acknowledgement again;
    again.destination = "one";
    again.sent = {{"d", content, true}};
    again.sightings.saw_path("d", directory());
    index.acknowledge(again);
    CHECK(index.dirty("two") == Rows{{"d", subtree_look, in_flight}});

    INFO("nor does what was begun with a lesser look before");
    Acknowledgement late;
    late.destination = "two";
    late.sent = {{"d", content, true}};
    late.sightings.saw_path("d", directory());
    index.acknowledge(late);
    CHECK(index.dirty("two") == Rows{{"d", subtree_look, false}});

    index.begin("two", {{"d", subtree_look, false}});
    late.sent = {{"d", subtree_look, true}};
    index.acknowledge(late);
    CHECK(index.dirty("two").empty());
}

TEST_CASE("what another one acknowledges between two pieces of a push stays open", "[state][index]")
{
    const Kept kept;
    Index index = kept.open({"one", "two"});
    compared(index, {"one", "two"}, tree());
    const bool by_subtree = GENERATE(false, true);
    const std::vector<DirtyRow> sent =
        by_subtree ? Rows{{"d", subtree_look, true}} : Rows{{"d/x", content, true}};
    index.begin("one", sent);

    Acknowledgement piece;
    piece.destination = "one";
    piece.sightings.saw_path("d/x", file(2));
    index.acknowledge(piece);
    Acknowledgement later;
    later.destination = "two";
    later.sightings.saw_path("d/x", file(3));
    index.acknowledge(later);
    Acknowledgement last;
    last.destination = "one";
    last.sent = sent;
    index.acknowledge(last);
    CHECK(kept.find("d/x") == file(3));
    CHECK(index.dirty("one") == Rows{{"d/x", content, false}});

    INFO("and is sent by the next push");
    index.begin("one", sent);
    index.acknowledge(last);
    CHECK(index.dirty("one").empty());
}

TEST_CASE("since when a destination is open is remembered, and that one is new", "[state][index]")
{
    const Kept kept;
    const timespec before = time_of_look();
    {
        Index index = kept.open({"one", "two"});
        CHECK_FALSE(index.open_since("one"));
        compared(index, {"one"}, tree());
        CHECK_FALSE(index.open_since("one"));
        index.begin("one", {{"a", content, false}});
        REQUIRE(index.open_since("one"));
        CHECK(index.open_since("one")->tv_sec >= before.tv_sec);
        CHECK_FALSE(index.open_since("two"));
        index.close();
    }
    Index index = kept.open({"one", "two"});
    CHECK(index.open_since("one"));
    CHECK_FALSE(index.open_since("two"));

    Index other = kept.open({"one", "two"}, "in another way");
    CHECK_FALSE(other.open_since("one"));
}

TEST_CASE("what a kill left under way is open since it was begun", "[state][index]")
{
    const Kept kept;
    std::optional<timespec> begun;
    {
        Index index = kept.open();
        compared(index, {"one"}, tree());
        index.begin("one", {{"d", subtree_look, false}});
        begun = index.open_since("one");
        REQUIRE(begun);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    Index index = kept.open();
    CHECK(index.dirty("one") == Rows{{"d", subtree_look, true}});
    const std::optional<timespec> since = index.open_since("one");
    REQUIRE(since);
    CHECK(std::pair(since->tv_sec, since->tv_nsec) == std::pair(begun->tv_sec, begun->tv_nsec));
}

TEST_CASE("what is begun anew without an acknowledgement, or overtaken, is in doubt",
          "[state][index]")
{
    const Kept kept;
    Index index = kept.open({"one", "two"});
    compared(index, {"one", "two"}, tree());
    const auto in_doubt = [&](std::string_view path) {
        return IndexReader(kept.path).is_unsure("one", path);
    };

    index.begin("one", {{"a", content, true}});
    CHECK_FALSE(in_doubt("a"));
    index.begin("one", {{"a", content, true}, {"n", content, true}});
    CHECK(in_doubt("a"));
    CHECK_FALSE(in_doubt("n"));

    Acknowledgement later;
    later.destination = "two";
    later.sightings.saw_path("n", file(3));
    index.acknowledge(later);
    CHECK(in_doubt("n"));
}

TEST_CASE("of paths those are kept that have a row of the destination", "[state][index]")
{
    const Kept kept;
    Index index = kept.open({"one", "two"});
    compared(index, {"one", "two"}, tree());
    std::vector<std::string> paths{"a", "d/x"};
    index.keep_open("two", paths);
    CHECK(paths.empty());

    Acknowledgement arrived;
    arrived.destination = "one";
    arrived.sightings.saw_path("a", file(2));
    index.acknowledge(arrived);
    paths = {"a", "d/x"};
    index.keep_open("two", paths);
    CHECK(paths == std::vector<std::string>{"a"});
}

TEST_CASE("two destinations that acknowledge the same at once leave nothing open", "[state][index]")
{
    const Kept kept;
    Index index = kept.open({"one", "two"});
    compared(index, {"one", "two"}, tree());
    const Rows sent{{"a", content, true}, {"d", subtree_look, true}, {"n", content, true}};
    index.begin("one", sent);
    index.begin("two", sent);
    for (const char* destination : {"one", "two"}) {
        Acknowledgement arrived;
        arrived.destination = destination;
        arrived.sent = sent;
        arrived.sightings.saw_path("a", file(2));
        arrived.sightings.missed_path("d");
        arrived.sightings.saw_path("n", directory());
        index.acknowledge(arrived);
    }
    CHECK(index.dirty("one").empty());
    CHECK(index.dirty("two").empty());
}

TEST_CASE("a file in a directory's place ends what was below", "[state][index]")
{
    const Kept kept;
    Index index = kept.open();
    compared(index, {"one"}, tree());

    Acknowledgement turned;
    turned.destination = "one";
    turned.sent = {{"d", content, true}};
    turned.sightings.saw_path("d", file(3));
    index.acknowledge(turned);

    CHECK(kept.find("d") == file(3));
    CHECK_FALSE(kept.find("d/y"));
}

TEST_CASE("names that share a beginning are not below one another", "[state][index]")
{
    const Kept kept;
    Index index = kept.open();
    Sightings seen;
    for (const char* path : {"d", "d-", "d.e", "d0", "d\xff"}) {
        seen.saw_path(path, directory());
        seen.saw_path(std::string(path) + "/x", file(1));
    }
    compared(index, {"one"}, seen);
    index.begin("one", {{"d-/x", content, true}, {"d/x", content, true}});

    Acknowledgement gone;
    gone.destination = "one";
    gone.sent = {{"d", subtree_look, true}};
    gone.sightings.missed_path("d");
    index.acknowledge(gone);

    CHECK_FALSE(kept.find("d/x"));
    for (const char* path : {"d-/x", "d.e/x", "d0/x", "d\xff/x"}) CHECK(kept.find(path));
    CHECK(index.dirty("one") == Rows{{"d-/x", content, true}});
}

TEST_CASE("a partial look forgets nothing that it did not see missing", "[state][index]")
{
    const Kept kept;
    Index index = kept.open();
    compared(index, {"one"}, tree());

    Acknowledgement some;
    some.destination = "one";
    some.sent = {{"d", 3, true}};
    some.sightings.enter("d", true);
    some.sightings.saw("x", file(2));
    some.sightings.spoil_complete();
    index.acknowledge(some);

    CHECK(kept.find("d/x") == file(2));
    CHECK(kept.find("d/y") == file(1));
}

TEST_CASE("open paths beyond the bound become the whole tree", "[state][index]")
{
    const Kept kept;
    Index index = kept.open({"one"}, "all", 10);
    compared(index, {"one"}, tree());

    Rows rows;
    for (int i = 0; i < 11; ++i) rows.push_back({"f" + std::to_string(i), content, true});
    index.begin("one", rows);

    CHECK(index.dirty("one") == Rows{{"", subtree_look, false}});
}

TEST_CASE("what is sent in another way makes all destinations new", "[state][index]")
{
    const Kept kept;
    kept.open().close();
    {
        Index index = kept.open();
        compared(index, {"one"}, tree());
        index.close();
    }
    CHECK(kept.open({"one"}, "all").dirty("one").empty());
    CHECK(kept.open({"one"}, "less").dirty("one") == Rows{{"", subtree_look, false}});
}

TEST_CASE("a destination that comes new leaves the others as they are", "[state][index]")
{
    const Kept kept;
    {
        Index index = kept.open({"one"});
        compared(index, {"one"}, tree());
    }
    {
        Index index = kept.open({"one", "two"});
        CHECK(index.dirty("one").empty());
        CHECK(index.dirty("two") == Rows{{"", subtree_look, false}});
        compared(index, {"two"}, tree());
    }
    INFO("and one that was away is new again");
    kept.open({"two"});
    Index index = kept.open({"one", "two"});
    CHECK(index.dirty("one") == Rows{{"", subtree_look, false}});
    CHECK(index.dirty("two").empty());
}

TEST_CASE("a boot without a close before it makes all destinations new", "[state][index]")
{
    const Kept kept;
    const bool closed = GENERATE(false, true);
    {
        Index index = kept.open();
        compared(index, {"one"}, tree());
        if (closed) index.close();
    }
    {
        Database other(kept.path, Database::Mode::read_write);
        other.run("UPDATE meta SET value = x'30' WHERE key = x'626f6f74'");  // boot
        REQUIRE(other.changes() == 1);
    }

    CHECK(kept.open().dirty("one").empty() == closed);
}

TEST_CASE("a racy state is confirmed only while it is the one that was seen", "[state][index]")
{
    const Kept kept;
    Index index = kept.open();
    Fingerprint racy = file(1);
    racy.racy = true;
    Fingerprint later = file(2);
    later.racy = true;
    Sightings seen;
    seen.saw_path("a", racy);
    seen.saw_path("b", racy);
    compared(index, {"one"}, seen);
    Acknowledgement touched;
    touched.destination = "one";
    touched.sent = {{"b", content, true}};
    touched.sightings.saw_path("b", later);
    index.acknowledge(touched);

    index.confirm({{"a", racy}, {"b", racy}});

    CHECK(kept.find("a")->proves(file(1)));
    CHECK(kept.find("b") == later);
}

TEST_CASE("a file that is no index of ours is refused as damaged", "[state][index]")
{
    const Kept kept;
    const std::string what = GENERATE(as<std::string>{}, "garbage", "other", "version");
    if (what == "garbage") {
        write_file(kept.path, std::string(10'000, 'x'));
    } else if (what == "other") {
        Database other(kept.path, Database::Mode::read_write);
        other.run("CREATE TABLE t (x)");
    } else {
        kept.open().close();
        Database other(kept.path, Database::Mode::read_write);
        other.run("PRAGMA user_version = 99");
    }

    try {
        kept.open();
        FAIL("opened");
    } catch (const DatabaseError& error) {
        CHECK(error.damaged());
        CHECK_THAT(error.what(), Catch::Matchers::Contains(kept.path));
    }
}

TEST_CASE("an index takes at most 150 bytes a file beyond the names", "[state][index]")
{
    const Kept kept;
    std::size_t name_bytes = 0;
    constexpr int directories = 200;
    constexpr int files = 100;
    {
        Index index = kept.open();
        Sightings seen;
        for (int d = 0; d < directories; ++d) {
            const std::string path = "srv/site-" + std::to_string(d) + "/htdocs";
            seen.enter(path, true);
            for (int f = 0; f < files; ++f) {
                const std::string name = "some-page-" + std::to_string(f) + ".html";
                name_bytes += name.size();
                seen.saw(name, file(1));
            }
        }
        compared(index, {"one"}, seen);
        index.close();
    }

    const auto size = static_cast<std::size_t>(status_of(kept.path).st_size);
    CHECK(size < name_bytes + std::size_t{150} * directories * files);
}
