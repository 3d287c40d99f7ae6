// Which path a change is about, and how closely to look at it.
#include "agent/settle_change.h"

#include <catch2/catch.hpp>

#include <map>
#include <string>

namespace lockstep::agent {
namespace {

using plan::Look;
using std::chrono::milliseconds;
using std::chrono::seconds;
using watcher::Change;
using watcher::ChangeKind;

constexpr plan::TimePoint start{seconds(1000)};
constexpr plan::SettleTimes times{milliseconds(2), milliseconds(2000)};

Change change_of(ChangeKind kind, bool directory = false)
{
    Change change;
    change.kind = kind;
    change.path = "d/a";
    change.directory = directory;
    if (kind == ChangeKind::moved) change.from = "d/b";
    return change;
}

std::map<std::string, Look> settled_by(const Change& change)
{
    plan::Settle settle(times);
    settle_change(settle, change, start);
    std::map<std::string, Look> looks;
    for (const plan::Settled& one : settle.take_all()) looks.emplace(one.path, one.look);
    return looks;
}

TEST_CASE("a change is looked at as closely as it may have reached", "[agent][settle_change]")
{
    using Looks = std::map<std::string, Look>;
    CHECK(settled_by(change_of(ChangeKind::content)) == Looks{{"d/a", Look::content}});
    CHECK(settled_by(change_of(ChangeKind::writing)) == Looks{{"d/a", Look::written}});
    CHECK(settled_by(change_of(ChangeKind::attributes)) == Looks{{"d/a", Look::attributes}});
    CHECK(settled_by(change_of(ChangeKind::gone)) == Looks{{"d/a", Look::content}});
    CHECK(settled_by(change_of(ChangeKind::gone, true)) == Looks{{"d/a", Look::subtree}});
    CHECK(settled_by(change_of(ChangeKind::unreadable)) == Looks{{"d/a", Look::subtree}});
    CHECK(settled_by(change_of(ChangeKind::moved, true)) ==
          Looks{{"d/a", Look::subtree}, {"d/b", Look::subtree}});
}

TEST_CASE("what is no change of a path settles nothing", "[agent][settle_change]")
{
    const ChangeKind kind =
        GENERATE(ChangeKind::subtree, ChangeKind::readable, ChangeKind::live, ChangeKind::root_lost,
                 ChangeKind::overflow, ChangeKind::barrier);
    CHECK(settled_by(change_of(kind)).empty());
}

TEST_CASE("a file that is written to is not quiet until it is closed", "[agent][settle_change]")
{
    plan::Settle settle(times);
    Change closed = change_of(ChangeKind::content);
    closed.closed = true;

    settle_change(settle, change_of(ChangeKind::writing), start);
    CHECK(settle.take_ready(start + milliseconds(100)).empty());
    settle_change(settle, closed, start + milliseconds(100));

    const std::vector<plan::Settled> ready = settle.take_ready(start + milliseconds(102));
    REQUIRE(ready.size() == 1);
    CHECK(ready.front().closed);
    CHECK(ready.front().since == start);
}

}  // namespace
}  // namespace lockstep::agent
