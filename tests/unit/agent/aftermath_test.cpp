// What lost sessions may still do, and when it is over.
#include "agent/aftermath.h"

#include <catch2/catch.hpp>

namespace lockstep::agent {
namespace {

using plan::Look;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Rows = std::vector<state::DirtyRow>;

constexpr Aftermath::TimePoint start{seconds(1000)};
constexpr milliseconds timeout{30'000};

plan::Batch batch_of(const std::vector<std::string>& paths, Look look = Look::content)
{
    plan::Batch batch;
    for (const std::string& path : paths) {
        plan::DirtyPath dirty;
        dirty.path = path;
        dirty.look = look;
        batch.paths.push_back(std::move(dirty));
    }
    return batch;
}

push::LostSessions lost(std::set<std::string> directories, bool timed_out = false)
{
    push::LostSessions sessions;
    sessions.any = true;
    sessions.timed_out = timed_out;
    sessions.directories = std::move(directories);
    return sessions;
}

state::DirtyRow row(const std::string& path, Look look)
{
    return {path, static_cast<int>(look), false};
}

TEST_CASE("nothing is looked at again while no session is lost", "[agent][aftermath]")
{
    Aftermath aftermath;

    aftermath.expect(batch_of({"a"}), {}, timeout, start);

    CHECK_FALSE(aftermath.until());
    CHECK(aftermath.looks().empty());
    CHECK(aftermath.to_record(batch_of({"a"})).empty());
}

TEST_CASE("what a lost session had is dirty again once it is over", "[agent][aftermath]")
{
    Aftermath aftermath;
    plan::DirtySet dirty(100);

    aftermath.expect(batch_of({"d/a", "d/b"}), lost({"d"}), timeout, start);
    CHECK(aftermath.until() == start + Aftermath::after_end);
    aftermath.end(dirty, start + seconds(1));

    CHECK_FALSE(aftermath.until());
    CHECK(aftermath.looks().empty());
    const plan::Batch found = dirty.take(10, start + seconds(1));
    std::map<std::string, Look> looks;
    for (const plan::DirtyPath& path : found.paths) looks.emplace(path.path, path.look);
    CHECK(looks == std::map<std::string, Look>{
                       {"d", Look::listing}, {"d/a", Look::attributes}, {"d/b", Look::attributes}});
}

TEST_CASE("what arrives while a lost session may go on is looked at as well", "[agent][aftermath]")
{
    Aftermath aftermath;
    aftermath.arrived(batch_of({"before"}));
    push::LostSessions session = lost({"e", "f"});
    session.names = {"c", "k/gone"};
    aftermath.expect(batch_of({"k"}, Look::subtree), session, timeout, start);

    aftermath.arrived(batch_of({"", "c", "e", "e/moved"}, Look::subtree));
    aftermath.arrived(
        batch_of({"c/x", "e/file", "e/new/file", "k/gone", "k/other", "other", "f/a"}));

    // `e` was compared then as it is now, and each name in it is; what is below a new one is not.
    CHECK(aftermath.looks() == Aftermath::Looks{{"c", Look::subtree},
                                                {"e", Look::listing},
                                                {"e/moved", Look::subtree},
                                                {"e/new/file", Look::attributes},
                                                {"f", Look::listing},
                                                {"k/gone", Look::attributes}});
    CHECK(aftermath.until() == start + Aftermath::after_end);
    aftermath.to_record(batch_of({"y"}));
    CHECK(aftermath.to_record(batch_of({"e/new/file"})) ==
          Rows{row("e/new/file", Look::attributes), row("e", Look::listing)});
}

TEST_CASE("what arrives after a start is looked at where an earlier run may do harm",
          "[agent][aftermath]")
{
    Aftermath aftermath;
    aftermath.list_later("d");
    CHECK(aftermath.expect_listings(start));

    aftermath.arrived(batch_of({"d/x", "d/new/file", "other"}));

    CHECK(aftermath.looks() ==
          Aftermath::Looks{{"d", Look::listing}, {"d/new/file", Look::attributes}});
}

TEST_CASE("of more than can be kept the whole source is looked at", "[agent][aftermath]")
{
    Aftermath aftermath;
    aftermath.expect(batch_of({"a"}), lost({"d"}), timeout, start);
    aftermath.to_record(batch_of({"y"}));
    std::vector<std::string> paths;
    for (std::size_t i = 0; i < Aftermath::looks_max; ++i)
        paths.push_back("d/new/" + std::to_string(i));

    aftermath.arrived(batch_of(paths));

    const Aftermath::Looks all{{"", Look::subtree}};
    CHECK(aftermath.looks() == all);
    CHECK(aftermath.to_record(batch_of({"x"})) == Rows{row("", Look::subtree)});
    aftermath.expect(batch_of({}), lost({""}), timeout, start);
    CHECK(aftermath.looks() == all);
}

TEST_CASE("after a timeout the daemon may wait as long, and the latest of several ends counts",
          "[agent][aftermath]")
{
    Aftermath aftermath;

    aftermath.expect(batch_of({"a"}), lost({}, true), timeout, start);
    aftermath.expect(batch_of({"b"}), lost({}), timeout, start + seconds(1));

    CHECK(aftermath.until() == start + timeout + Aftermath::after_end);
}

TEST_CASE("a flush waits for what was found when it was over", "[agent][aftermath]")
{
    Aftermath aftermath;
    plan::DirtySet dirty(100);
    dirty.add("x", Look::content, start);
    const std::uint64_t mark = dirty.mark();
    CHECK(aftermath.covering(mark) == mark);

    aftermath.expect(batch_of({"a"}), lost({}), timeout, start);
    aftermath.end(dirty, start + seconds(1));

    CHECK(aftermath.covering(mark) == dirty.mark());
    CHECK(dirty.mark() > mark);
}

TEST_CASE("what an earlier run left open is listed once it is asked for", "[agent][aftermath]")
{
    Aftermath aftermath;
    CHECK_FALSE(aftermath.expect_listings(start));

    aftermath.list_later("d");
    CHECK_FALSE(aftermath.until());
    CHECK(aftermath.to_record(batch_of({"x"})) == Rows{row("d", Look::listing)});

    CHECK(aftermath.expect_listings(start));
    CHECK(aftermath.until() == start + Aftermath::after_end);
    CHECK_FALSE(aftermath.expect_listings(start));
}

TEST_CASE("an acknowledgement keeps of the aftermath what it would take from the index",
          "[agent][aftermath]")
{
    Aftermath aftermath;
    aftermath.expect(batch_of({"d/a", "e"}), lost({"d"}), timeout, start);

    const Rows all{row("d", Look::listing), row("d/a", Look::attributes),
                   row("e", Look::attributes)};
    CHECK(aftermath.to_record(batch_of({"x"})) == all);
    CHECK(aftermath.to_record(batch_of({"x"})).empty());
    CHECK(aftermath.to_record(batch_of({"d/new"})) == Rows{row("d", Look::listing)});
    CHECK(aftermath.to_record(batch_of({""}, Look::subtree)) == all);
}

}  // namespace
}  // namespace lockstep::agent
