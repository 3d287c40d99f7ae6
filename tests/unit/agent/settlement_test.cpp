// What becomes of a batch's paths once its push is over.
#include "agent/settlement.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <random>
#include <set>

namespace lockstep::agent {
namespace {

using plan::Look;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Again = plan::DirtySet::Again;

constexpr plan::TimePoint now{seconds(1000)};

plan::DirtyPath dirty(const std::string& path, Look look = Look::content,
                      std::uint32_t attempts = 0)
{
    plan::DirtyPath one;
    one.path = path;
    one.look = look;
    one.attempts = attempts;
    one.sequence = 7;
    one.since = now - seconds(1);
    return one;
}

transport::PathFailure failure(const std::string& path, bool vanished = false)
{
    transport::PathFailure one;
    one.path = path;
    one.kind = ErrorKind::permission;
    one.message = "denied: " + path;
    one.vanished = vanished;
    return one;
}

// The delay tells what it was made from.
Waits waits()
{
    Waits one;
    one.attempts = [](const std::string&) { return 4U; };
    one.delay_after = [](std::uint32_t attempts) { return seconds(attempts); };
    one.open_max = seconds(60);
    return one;
}

std::set<std::string> arrived(const Settlement& settlement)
{
    std::set<std::string> paths;
    for (const plan::DirtyPath* one : settlement.arrived) paths.insert(one->path);
    return paths;
}

const Again& again_of(const Settlement& settlement, const std::string& path)
{
    const auto found = std::find_if(settlement.again.begin(), settlement.again.end(),
                                    [&](const Again& one) { return one.path == path; });
    REQUIRE(found != settlement.again.end());
    return *found;
}

TEST_CASE("what the report does not name has arrived", "[agent][settlement]")
{
    const plan::Batch batch{{dirty("a"), dirty("b", Look::subtree)}};

    const Settlement settlement = settled(batch, {}, waits(), now);

    CHECK(arrived(settlement) == std::set<std::string>{"a", "b"});
    CHECK(settlement.again.empty());
    CHECK_FALSE(settlement.failed);
    CHECK_FALSE(settlement.withheld);
}

TEST_CASE("a path that failed waits the longer the more often it did", "[agent][settlement]")
{
    const plan::Batch batch{{dirty("a", Look::attributes, 2), dirty("d", Look::listing)}};
    push::PushReport report;
    report.failures = {failure("a"), failure("d/below"), failure("a")};

    const Settlement settlement = settled(batch, report, waits(), now);

    CHECK(arrived(settlement) == std::set<std::string>{"d"});
    CHECK(settlement.again.size() == 2);
    CHECK(again_of(settlement, "a").retry_at == now + seconds(3));
    CHECK(again_of(settlement, "a").look == Look::content);
    CHECK(again_of(settlement, "a").failed);
    CHECK(again_of(settlement, "d/below").retry_at == now + seconds(5));
    REQUIRE(settlement.failed);
    CHECK(settlement.failed->message == "denied: a");
    CHECK(settlement.failed->remedy == Remedy::skip_path);
    CHECK(settlement.failed->paths == std::vector<std::string>{"a", "d/below"});
}

TEST_CASE("what vanished before it was opened is looked at again, and is no trouble",
          "[agent][settlement]")
{
    const plan::Batch batch{{dirty("a")}};
    push::PushReport report;
    report.failures = {failure("a", true)};

    const Settlement settlement = settled(batch, report, waits(), now);

    CHECK(settlement.arrived.empty());
    CHECK_FALSE(again_of(settlement, "a").failed);
    CHECK(again_of(settlement, "a").retry_at < now + seconds(1));
    CHECK_FALSE(settlement.failed);
}

TEST_CASE("a directory whose content is unknown goes as a subtree, the source itself only then",
          "[agent][settlement]")
{
    const plan::Batch batch{{dirty("d", Look::subtree), dirty("", Look::subtree), dirty("e")}};
    push::PushReport report;
    report.failures = {failure("d"), failure(""), failure("e"), failure("f")};
    report.unlisted = {"f"};

    const Settlement settlement = settled(batch, report, waits(), now);

    CHECK(again_of(settlement, "d").look == Look::subtree);
    CHECK(again_of(settlement, "").look == Look::content);
    CHECK(again_of(settlement, "e").look == Look::content);
    CHECK(again_of(settlement, "f").look == Look::subtree);
}

TEST_CASE("withheld deletions wait for a person, and compares with them where the daemon stopped",
          "[agent][settlement]")
{
    const plan::Batch batch{{dirty("a"), dirty("d", Look::subtree), dirty("gone")}};
    push::PushReport report;
    report.withheld = {"gone"};
    report.max_delete_hit = GENERATE(false, true);

    const Settlement settlement = settled(batch, report, waits(), now);

    CHECK(arrived(settlement).contains("a"));
    CHECK(arrived(settlement).contains("d") == !report.max_delete_hit);
    CHECK(again_of(settlement, "gone").retry_at == now + Settlement::never);
    if (report.max_delete_hit) CHECK(again_of(settlement, "d").look == Look::subtree);
    REQUIRE(settlement.withheld);
    CHECK(settlement.withheld->kind == ErrorKind::max_delete);
    CHECK(settlement.withheld->paths == report.withheld);
}

TEST_CASE("a file that is held waits for its close, but not longer than a flush",
          "[agent][settlement]")
{
    const plan::Batch batch{{dirty("a", Look::written)}};
    push::PushReport report;
    report.held = {"a", "d/below"};
    Waits with_flush = waits();
    with_flush.hurry_up_to = GENERATE(std::uint64_t{6}, std::uint64_t{7});

    const Settlement settlement = settled(batch, report, with_flush, now);

    CHECK(settlement.arrived.empty());
    REQUIRE(settlement.again.size() == 1);
    const Again& again = settlement.again.front();
    CHECK(again.look == Look::written);
    CHECK_FALSE(again.failed);
    CHECK(again.retry_at == (with_flush.hurry_up_to == 7 ? now : now - seconds(1) + seconds(60)));
}

TEST_CASE("names that nobody knows have the source compared, as part of the batch",
          "[agent][settlement]")
{
    const plan::Batch batch{{dirty("a")}};
    push::PushReport report;
    report.links_unknown = true;

    const Settlement settlement = settled(batch, report, waits(), now);

    CHECK(arrived(settlement) == std::set<std::string>{"a"});
    CHECK(again_of(settlement, "").look == Look::subtree);
    CHECK(again_of(settlement, "").retry_at == now);
}

TEST_CASE("each path of a batch has arrived or goes again, once", "[agent][settlement]")
{
    std::mt19937 random(Catch::rngSeed());
    for (int round = 0; round < 200; ++round) {
        plan::Batch batch;
        push::PushReport report;
        for (int i = 0; i < 20; ++i) {
            const std::string path = std::to_string(i);
            if (random() % 2 == 0)
                batch.paths.push_back(dirty(path, static_cast<Look>(random() % 5)));
            if (random() % 4 == 0) report.failures.push_back(failure(path, random() % 2 == 0));
            if (random() % 4 == 0) report.unlisted.push_back(path);
            if (random() % 4 == 0) report.withheld.push_back(path);
            if (random() % 4 == 0) report.held.push_back(path);
        }
        report.max_delete_hit = random() % 2 == 0;

        const Settlement settlement = settled(batch, report, waits(), now);

        std::multiset<std::string> all;
        for (const plan::DirtyPath* one : settlement.arrived) all.insert(one->path);
        for (const Again& one : settlement.again) all.insert(one.path);
        for (const plan::DirtyPath& one : batch.paths) REQUIRE(all.count(one.path) == 1);
        REQUIRE(all.size() == std::set<std::string>(all.begin(), all.end()).size());
    }
}

TEST_CASE("all paths of a batch are blamed for what nobody knows the path of",
          "[agent][settlement]")
{
    const plan::Batch batch{{dirty("d", Look::subtree)}};
    push::PushReport report;
    report.unattributed = {"rsync: what?"};

    blame_all(batch, report);

    REQUIRE(report.failures.size() == 1);
    CHECK(report.failures.front().path == "d");
    CHECK(report.failures.front().message == "rsync: what?");
    CHECK(report.unlisted == std::vector<std::string>{"d"});
}

TEST_CASE("without the path that a daemon gives up over the others go at once",
          "[agent][settlement]")
{
    const plan::Batch batch{{dirty("a", Look::attributes), dirty("big", Look::written, 1)}};

    const auto of_batch = all_but(batch, "big", waits(), now);
    REQUIRE(of_batch);
    REQUIRE(of_batch->size() == 2);
    CHECK(of_batch->front().path == "a");
    CHECK(of_batch->front().look == Look::attributes);
    CHECK(of_batch->front().retry_at == now);
    CHECK_FALSE(of_batch->front().failed);
    CHECK(of_batch->back().path == "big");
    CHECK(of_batch->back().look == Look::content);
    CHECK(of_batch->back().retry_at == now + seconds(2));

    const auto below = all_but(batch, "d/below", waits(), now);
    REQUIRE(below);
    CHECK(below->size() == 3);
    CHECK(below->back().retry_at == now + seconds(5));
}

TEST_CASE("a directory is not set aside with what is in it", "[agent][settlement]")
{
    const plan::Batch batch{{dirty("a"), dirty("d", Look::listing)}};

    CHECK_FALSE(all_but(batch, "d", waits(), now));
}

}  // namespace
}  // namespace lockstep::agent
