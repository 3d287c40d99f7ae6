#include "agent/plan/dirty_set.h"

#include <catch2/catch.hpp>

#include <random>
#include <set>

using namespace lockstep::plan;
using namespace std::chrono_literals;

namespace {
const TimePoint t0{};
}

TEST_CASE("a path stands once in the set however many events touch it", "[plan][dirty_set]")
{
    DirtySet set(100);
    set.add("a", Look::attributes, t0);
    set.add("a", Look::content, t0 + 1ms);
    set.add("a", Look::attributes, t0 + 2ms);

    const Batch batch = set.take(10, t0 + 3ms);

    REQUIRE(batch.paths.size() == 1);
    CHECK(batch.paths[0].look == Look::content);
    CHECK(batch.paths[0].since == t0);
}

TEST_CASE("a path counts as closed by what was heard of it last", "[plan][dirty_set]")
{
    DirtySet set(100);
    const auto closed = [&] { return set.take(1, t0).paths.at(0).closed; };

    set.add("f", Look::content, t0, true);
    set.add("f", Look::attributes, t0);
    CHECK(closed());
    set.add("f", Look::content, t0, true);
    set.add("f", Look::written, t0);
    CHECK_FALSE(closed());
}

TEST_CASE("a path touched while it is in flight stays dirty after the acknowledgement",
          "[plan][dirty_set]")
{
    DirtySet set(100);
    set.add("a", Look::content, t0);
    const std::uint64_t before = set.mark();
    const Batch batch = set.take(10, t0);
    set.add("a", Look::content, t0 + 1ms);
    const std::uint64_t after = set.mark();

    set.settle(batch, {}, t0 + 2ms);

    CHECK(set.pending() == 1);
    CHECK(set.reached(before));
    CHECK_FALSE(set.reached(after));
}

TEST_CASE("a flush waits for a path that failed, and is told so", "[plan][dirty_set]")
{
    DirtySet set(100);
    set.add("a", Look::content, t0);
    set.add("b", Look::content, t0);
    const std::uint64_t mark = set.mark();
    const Batch batch = set.take(10, t0);

    set.settle(batch, {{"a", Look::content, t0 + 10s}}, t0 + 1s);

    CHECK_FALSE(set.reached(mark));
    CHECK(set.only_failures(mark, t0));
    CHECK_FALSE(set.only_failures(mark, t0 + 2s));  // it was not tried since
    CHECK(set.outstanding(mark, 10) == std::vector<std::string>{"a"});
    CHECK(set.take(10, t0 + 2s).empty());
    const Batch again = set.take(10, t0 + 11s);
    REQUIRE(again.paths.size() == 1);
    CHECK(again.paths[0].attempts == 1);
}

TEST_CASE("a path goes on counting as a failure while it is tried again, until it is touched",
          "[plan][dirty_set]")
{
    DirtySet set(100);
    set.add("a", Look::content, t0);
    set.add("vanished", Look::content, t0);
    const std::uint64_t mark = set.mark();
    set.settle(set.take(10, t0),
               {{"a", Look::content, t0 + 1s}, {"vanished", Look::content, t0 + 1s, false}},
               t0 + 1s);
    CHECK_FALSE(set.only_failures(mark, t0));  // what vanished only has to go again
    const Batch both = set.take(10, t0 + 1s);
    set.settle(both, {{"a", Look::content, t0 + 2s}}, t0 + 2s);
    CHECK(set.only_failures(mark, t0));

    const Batch flying = set.take(10, t0 + 2s);
    CHECK(set.only_failures(mark, t0));

    set.add("a", Look::content, t0 + 3s);
    set.settle(flying, {{"a", Look::content, t0 + 4s}}, t0 + 3s);
    CHECK_FALSE(set.only_failures(mark, t0));
}

TEST_CASE("a path in flight is outstanding too", "[plan][dirty_set]")
{
    DirtySet set(100);
    set.add("a", Look::content, t0);
    const std::uint64_t mark = set.mark();
    const Batch batch = set.take(10, t0);
    set.add("b", Look::content, t0);

    CHECK(set.outstanding(mark, 10) == std::vector<std::string>{"a"});
    set.settle(batch, {}, t0);
    CHECK(set.outstanding(mark, 10).empty());
}

TEST_CASE("an event makes a path that waits for a later attempt due at once", "[plan][dirty_set]")
{
    DirtySet set(100);
    set.add("a", Look::content, t0);
    const Batch batch = set.take(10, t0);
    set.settle(batch, {{"a", Look::content, t0 + 1h}}, t0);

    set.add("a", Look::attributes, t0 + 1s);

    const Batch again = set.take(10, t0 + 1s);
    REQUIRE(again.paths.size() == 1);
    CHECK(again.paths[0].look == Look::content);
}

TEST_CASE("past its bound the set becomes the whole tree and keeps its oldest mark",
          "[plan][dirty_set]")
{
    DirtySet set(10);
    for (int i = 0; i < 11; ++i)
        set.add(std::to_string(i), Look::content, t0 + std::chrono::seconds(i));

    CHECK(set.pending() == 1);
    CHECK(set.oldest_since() == t0);
    CHECK_FALSE(set.reached(1));
    const Batch batch = set.take(10, t0 + 1min);
    REQUIRE(batch.paths.size() == 1);
    CHECK(batch.paths[0].path.empty());
    CHECK(batch.paths[0].look == Look::subtree);
    CHECK(batch.paths[0].changed_since == t0);
    // Also when it did not arrive, and something else made it dirty meanwhile.
    set.add("", Look::subtree, t0 + 2min);
    set.give_back(batch, t0 + 2min, DirtySet::Begun::no);
    const Batch again = set.take(10, t0 + 2min);
    REQUIRE(again.paths.size() == 1);
    CHECK(again.paths[0].changed_since == t0);
    set.settle(again, {}, t0 + 3min);
    CHECK(set.empty());
    CHECK(set.reached(set.mark()));
}

TEST_CASE("whatever is taken, settled and given back, nothing is lost and nothing is left over",
          "[plan][dirty_set][property]")
{
    std::mt19937 random(Catch::rngSeed());
    DirtySet set(100'000);
    std::set<std::string> expected;  // dirty and not acknowledged since
    TimePoint now = t0;
    for (int step = 0; step < 5000; ++step) {
        now += 1s;
        const std::string path(1, static_cast<char>('a' + random() % 20));
        if (random() % 3 != 0) {
            set.add(path, Look::content, now);
            expected.insert(path);
            continue;
        }
        const Batch batch = set.take(1 + random() % 5, now);
        if (random() % 4 == 0) {
            set.give_back(batch, now, DirtySet::Begun::no);
            continue;
        }
        std::vector<DirtySet::Again> again;
        for (const DirtyPath& dirty : batch.paths) {
            if (random() % 5 == 0)
                again.push_back(
                    {dirty.path, Look::content, now + std::chrono::seconds(random() % 3)});
            else
                expected.erase(dirty.path);
        }
        set.settle(batch, again, now);
        REQUIRE(set.pending() == expected.size());
    }
    now += 1h;
    const Batch rest = set.take(1000, now);
    std::set<std::string> left;
    for (const DirtyPath& dirty : rest.paths) left.insert(dirty.path);
    CHECK(left == expected);
    set.settle(rest, {}, now);
    CHECK(set.empty());
    CHECK_FALSE(set.oldest_since());
    CHECK(set.reached(set.mark()));
}

namespace {

using Moves = std::vector<Move>;

// As the settling hands them over: what moved, then what it left.
void move(DirtySet& set, const std::string& from, const std::string& to)
{
    set.add_moved({{from, to, Look::content, t0}});
    set.add(from, Look::content, t0);
}

}  // namespace

TEST_CASE("a batch says where the destination has what was moved", "[plan][dirty_set]")
{
    DirtySet set(100);
    move(set, "a", "b");
    move(set, "b", "c");
    CHECK(set.take(10, t0).moves == Moves{{"a", "c"}});

    INFO("of names that change hands at once, each from the one before");
    set.add_moved({{"2", "3", Look::content, t0}, {"1", "2", Look::content, t0}});
    set.add("1", Look::content, t0);
    CHECK(set.take(10, t0).moves == Moves{{"2", "3"}, {"1", "2"}});
}

TEST_CASE("a move is taken along before its origin is deleted", "[plan][dirty_set]")
{
    DirtySet set(100);
    const std::string first = GENERATE(as<std::string>{}, "d", "d/x", "d/x/y");
    set.add(first, Look::attributes, t0);
    move(set, "d/x", "moved");
    const Batch batch = set.take(1, t0);
    REQUIRE(batch.paths.size() == 2);
    CHECK(batch.moves == Moves{{"d/x", "moved"}});
}

TEST_CASE("a listing waits for more than a batch of other paths", "[plan][dirty_set]")
{
    DirtySet set(100);
    set.add("d", Look::listing, t0);
    set.add("e", Look::listing, t0);
    for (const char* path : {"d/1", "d/2", "d/3"}) set.add(path, Look::content, t0);
    for (const std::string& expected :
         {std::string("d/1 d/2"), std::string("d/3 d"), std::string("e")}) {
        std::string taken;
        for (const DirtyPath& dirty : set.take(2, t0).paths)
            taken += (taken.empty() ? "" : " ") + dirty.path;
        CHECK(taken == expected);
    }
}

TEST_CASE(
    "a path that becomes a listing waits for the others, and has its old turn once it is more",
    "[plan][dirty_set]")
{
    DirtySet set(100);
    for (const char* path : {"d", "e", "x", "y"}) set.add(path, Look::content, t0);
    set.add("d", Look::listing, t0);
    set.add("e", Look::listing, t0);
    set.add("e", Look::subtree, t0);
    std::vector<std::string> taken;
    while (set.has_due(t0)) taken.push_back(set.take(1, t0).paths.at(0).path);
    CHECK(taken == std::vector<std::string>{"e", "x", "y", "d"});
}

TEST_CASE("where one batch takes all, listings go in their turn as well", "[plan][dirty_set]")
{
    DirtySet set(100);
    for (const char* path : {"1", "2", "3"})
        set.add(path, path[0] == '2' ? Look::listing : Look::content, t0);
    std::string taken;
    for (const DirtyPath& dirty : set.take(3, t0).paths) taken += dirty.path;
    CHECK(taken == "123");
}

TEST_CASE("what failed as a move waits for its turn", "[plan][dirty_set]")
{
    DirtySet set(100);
    move(set, "a", "b");
    const Batch batch = set.take(10, t0);
    REQUIRE(batch.moves == Moves{{"a", "b"}});
    set.settle(
        batch,
        {{"b", Look::content, t0 + std::chrono::seconds(9)}, {"a", Look::content, t0, false}}, t0);
    const Batch others = set.take(10, t0);
    REQUIRE(others.paths.size() == 1);
    CHECK(others.paths[0].path == "a");
    CHECK(others.moves == Moves{});
}

TEST_CASE("what a destination may not have is not moved there", "[plan][dirty_set]")
{
    DirtySet set(100);
    SECTION("written before")
    {
        set.add("a", Look::content, t0);
        move(set, "a", "b");
        CHECK(set.take(10, t0).moves.empty());
    }
    SECTION("written after")
    {
        move(set, "a", "b");
        set.add("b", Look::written, t0);
        CHECK(set.take(10, t0).moves.empty());
    }
    SECTION("did not arrive before")
    {
        set.add("a", Look::content, t0);
        const Batch batch = set.take(10, t0);
        move(set, "a", "b");
        set.give_back(batch, t0, DirtySet::Begun::no);
        CHECK(set.take(10, t0).moves.empty());
    }
    SECTION("events were lost")
    {
        move(set, "a", "b");
        set.forget_moves();
        CHECK(set.take(10, t0).moves.empty());
    }
    SECTION("what is in it may have changed for itself")
    {
        set.add("a/x", Look::content, t0);
        set.add("a/y", Look::attributes, t0);
        set.add("b/z", Look::content, t0 + 1ms);
        move(set, "a", "b");
        const Batch batch = set.take(1, t0);
        CHECK(batch.moves == Moves{{"a", "b"}});
        CHECK(std::set<std::string>(batch.unsettled.begin(), batch.unsettled.end()) ==
              std::set<std::string>{"a/x", "b/z"});
    }
}

TEST_CASE("what is looked at as closely already is covered", "[plan][dirty_set]")
{
    DirtySet set(100);
    set.add("flying", Look::content, t0);
    set.add("d", Look::subtree, t0);
    set.take(10, t0);
    set.add("pending", Look::content, t0);
    set.add("lesser", Look::attributes, t0);
    set.add("e", Look::attributes, t0);

    using Looks = DirtySet::Looks;
    CHECK(set.uncovered({{"flying", Look::content},
                         {"d/x", Look::content},
                         {"pending", Look::content},
                         {"lesser", Look::content},
                         {"e/x", Look::content},
                         {"new", Look::subtree}}) ==
          Looks{{"lesser", Look::content}, {"e/x", Look::content}, {"new", Look::subtree}});
}

TEST_CASE("what a destination may have begun with goes as content", "[plan][dirty_set]")
{
    DirtySet set(100);
    move(set, "a", "b");
    set.give_back(set.take(10, t0), t0, DirtySet::Begun::perhaps);
    CHECK(set.take(10, t0).moves == Moves{});
}

TEST_CASE("a batch that comes back is still moved, unless it was touched", "[plan][dirty_set]")
{
    DirtySet set(100);
    move(set, "a", "b");
    move(set, "c", "d");
    const Batch batch = set.take(10, t0);
    set.add("d", Look::content, t0);
    set.give_back(batch, t0, DirtySet::Begun::no);
    CHECK(set.take(10, t0).moves == Moves{{"a", "b"}});

    INFO("and what arrived is no origin of later moves");
    DirtySet other(100);
    move(other, "a", "b");
    other.settle(other.take(10, t0), {}, t0);
    move(other, "b", "c");
    CHECK(other.take(10, t0).moves == Moves{{"b", "c"}});
}
