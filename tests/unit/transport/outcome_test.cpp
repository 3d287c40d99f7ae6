// A daemon's complaints end up at the paths of the list that they are about.
#include "transport/outcome.h"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace lockstep;
using namespace lockstep::transport;

namespace {

PushList list_of(const std::vector<std::pair<std::string, std::uint32_t>>& entries)
{
    PushList list;
    for (const auto& [path, mode] : entries) {
        Entry entry;
        entry.path = path;
        entry.mode = mode;
        list.entries.push_back(entry);
    }
    return list;
}

constexpr std::uint32_t file = 0100644;
constexpr std::uint32_t directory = 0040755;
constexpr std::uint32_t gone = 0;

PushOutcome after(const PushList& list, const std::string& said, bool protects = false)
{
    OutcomeBuilder builder(list, "mod", "", protects);
    builder.heard(Message{Tag::error_xfer, said + "\n"});
    return builder.take({});
}

std::vector<std::string> failed(const PushOutcome& outcome)
{
    std::vector<std::string> paths;
    for (const PathFailure& failure : outcome.failures) paths.push_back(failure.path);
    std::sort(paths.begin(), paths.end());
    return paths;
}

using Paths = std::vector<std::string>;

}  // namespace

TEST_CASE("a complaint about a temporary name is about the file it was to become",
          "[transport][outcome]")
{
    const std::string said =
        "rsync: [receiver] mkstemp \"d/.x.AbCdEf\" (in mod) failed: Permission denied (13)";

    const PushOutcome plain = after(list_of({{"d", directory}, {"d/x", file}}), said);
    CHECK(failed(plain) == Paths{"d/x"});
    CHECK(plain.unattributed.empty());

    INFO("also where the file's own name begins with a dot");
    const PushOutcome dotted = after(list_of({{"d", directory}, {"d/.x", file}}), said);
    CHECK(failed(dotted) == Paths{"d/.x"});
    CHECK(dotted.unattributed.empty());
}

TEST_CASE("a complaint about what lies below a deleted directory is about the directory",
          "[transport][outcome]")
{
    const PushOutcome outcome =
        after(list_of({{"g", gone}, {"d", directory}}),
              "rsync: [generator] delete_file: unlink(g/a/b) failed: Operation not permitted (1)");

    CHECK(failed(outcome) == Paths{"g"});
    CHECK(outcome.unattributed.empty());
}

TEST_CASE("what the rules keep in a deleted directory is no failure", "[transport][outcome]")
{
    const PushList list = list_of({{"g", gone}});
    const std::string said = "cannot delete non-empty directory: g";

    CHECK(failed(after(list, said, true)).empty());
    CHECK(after(list, said, true).unattributed.empty());
}

TEST_CASE("a directory that could not be made takes all below it along", "[transport][outcome]")
{
    const PushOutcome outcome = after(
        list_of({{"d", directory}, {"d/e", directory}, {"d/e/x", file}, {"do", file}}),
        "rsync: [generator] recv_generator: mkdir \"d\" (in mod) failed: Permission denied (13)");

    CHECK(failed(outcome) == Paths{"d", "d/e", "d/e/x"});
}

TEST_CASE("a complaint about nothing of the list is kept as it was said", "[transport][outcome]")
{
    const PushOutcome outcome = after(list_of({{"d", directory}}), "rsync: what is this?");

    CHECK(outcome.failures.empty());
    CHECK(outcome.unattributed == Paths{"rsync: what is this?"});
}

TEST_CASE("a complaint of any length costs little for each path that it is about",
          "[transport][outcome]")
{
    PushList list = list_of({{"d", directory}});
    for (int i = 0; i < 1000; ++i)
        list.entries.push_back(list_of({{"d/" + std::to_string(i), file}}).entries.front());
    const std::string noise(60'000, '\x01');

    const PushOutcome failures = after(
        list, "rsync: [generator] recv_generator: mkdir \"d\" (in mod) failed: " + noise + " (13)");
    const PushOutcome unknown = after(list, "rsync: what " + noise + " is this?");

    CHECK(failures.failures.size() == list.entries.size());
    for (const PathFailure& failure : failures.failures) {
        REQUIRE(failure.message.size() < 2000);
        REQUIRE(failure.message.starts_with("rsync: [generator] recv_generator: mkdir \"d\""));
        REQUIRE(failure.message.ends_with(" (13)"));
    }
    REQUIRE(unknown.unattributed.size() == 1);
    CHECK(unknown.unattributed.front().size() < 2000);
}

TEST_CASE("a session that ends over one path says which, and over nothing else none",
          "[transport][outcome]")
{
    const PushList list = list_of({{"a", file}, {"b", file}});
    const auto path_after = [&](const std::string& complaint) {
        OutcomeBuilder builder(list, "mod", "");
        builder.heard(Message{Tag::error_xfer, complaint + "\n"});
        builder.heard(Message{Tag::error, "rsync error: error in file IO (code 11)\n"});
        return builder.path_of_cause();
    };

    CHECK(path_after("rsync: [receiver] write failed on \"b\" (in mod): No space left on device "
                     "(28)") == "b");
    CHECK_FALSE(
        path_after("rsync: [receiver] write failed on \"other\" (in mod): No space left on "
                   "device (28)"));
    CHECK_FALSE(path_after("rsync: connection unexpectedly closed (0 bytes received so far)"));
}

TEST_CASE("what befalls one name of a file befalls the others of its group", "[transport][outcome]")
{
    PushList list = list_of({{"a", file}, {"b", file}, {"c", file}, {"d", file}});
    for (std::size_t i = 0; i < 3; ++i) {
        list.entries[i].link_dev = 1;
        list.entries[i].link_inode = i < 2 ? 7 : 8;
    }
    OutcomeBuilder builder(list, "mod", "");
    PathFailure vanished;
    vanished.path = "b";
    vanished.vanished = true;
    builder.failed(vanished);

    const PushOutcome outcome = builder.take({});
    CHECK(failed(outcome) == Paths{"a", "b"});
    CHECK(outcome.failures.back().vanished);
}
