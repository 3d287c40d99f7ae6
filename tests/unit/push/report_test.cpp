#include "agent/push/report.h"

#include "agent/push/set_aside.h"

#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <cerrno>

using namespace lockstep;
using namespace lockstep::push;

namespace {

transport::PathFailure failure(const std::string& path)
{
    transport::PathFailure failure;
    failure.path = path;
    return failure;
}

std::vector<std::string> paths_of(const PushReport& report)
{
    std::vector<std::string> paths;
    for (const transport::PathFailure& failure : report.failures) paths.push_back(failure.path);
    return paths;
}

state::Fingerprint file(bool racy)
{
    state::Fingerprint fingerprint;
    fingerprint.mode = S_IFREG;
    fingerprint.racy = racy;
    return fingerprint;
}

using Paths = std::vector<std::string>;

}  // namespace

TEST_CASE("what waits for its close is no failure, and the source has no name", "[push][report]")
{
    PushReport report;
    report.held = {"open"};
    transport::PushOutcome outcome;
    outcome.failures = {failure("open"), failure("."), failure("a")};
    outcome.figures.files_sent = 2;

    report.add(std::move(outcome));

    CHECK(paths_of(report) == Paths{"", "a"});
    CHECK(report.figures.files_sent == 2);
}

TEST_CASE("a report has all that its pieces have", "[push][report]")
{
    PushReport all;
    for (const char* name : {"a", "b"}) {
        PushReport piece;
        piece.failures = {failure(name)};
        piece.withheld = {name};
        piece.deletions = 3;
        piece.sessions = 1;
        state::Sightings seen;
        seen.saw_path(std::string(name) + "/racy", file(true));
        seen.saw_path(std::string(name) + "/sure", file(false));
        piece.saw(std::move(seen));
        all.add(std::move(piece));
    }

    CHECK(paths_of(all) == Paths{"a", "b"});
    CHECK(all.withheld == Paths{"a", "b"});
    CHECK(all.deletions == 6);
    CHECK(all.sessions == 2);
    REQUIRE(all.racy.size() == 2);
    CHECK(all.racy[0].first == "a/racy");
    CHECK(all.racy[1].first == "b/racy");
}

TEST_CASE("what cannot be looked at leaves the batch with all below it", "[push][report]")
{
    plan::Batch batch;
    for (const char* path : {"d", "d/x/y", "dd", "l", "l/z"})
        batch.paths.push_back({path, plan::Look::content, 0, {}, 0});
    PushReport report;

    set_aside({{"l", EIO, true}, {"d", EACCES, false}}, batch, report);

    Paths left;
    for (const plan::DirtyPath& dirty : batch.paths) left.push_back(dirty.path);
    CHECK(left == Paths{"dd", "l", "l/z"});
    CHECK(paths_of(report) == Paths{"l", "d", "d/x/y"});
    CHECK(report.failures[0].kind == ErrorKind::local);
    CHECK(report.failures[1].kind == ErrorKind::permission);
    CHECK(report.failures[2].kind == ErrorKind::permission);
    CHECK(report.failures[2].message == report.failures[1].message);
    CHECK(report.unlisted == Paths{"l"});
}
