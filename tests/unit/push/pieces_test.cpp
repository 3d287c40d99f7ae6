// A subtree cut into pieces is the whole subtree, each directory once.
#include "agent/push/pieces.h"

#include "tests/support/temp_tree.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <random>
#include <set>

using namespace lockstep;
using namespace lockstep::push;
using namespace lockstep::testing;

namespace {

plan::Batch subtree(const std::string& path)
{
    plan::Batch batch;
    batch.paths.push_back({path, plan::Look::subtree, 0, {}, 0});
    return batch;
}

struct Walked {
    std::vector<Pieces::Piece> pieces;
    std::map<std::string, int> listed;  // directories, and how often
    std::set<std::string> names;
};

// `meanwhile`: called before each look at a path of the batch.
Walked walk(
    const std::string& source, plan::Batch batch, Pieces::EntriesMax entries_max,
    const std::function<void()>& meanwhile = [] {})
{
    const Beneath root(source, true);
    ObserveOptions options;
    options.hard_links = true;
    Pieces pieces(root, options, std::move(batch), entries_max);
    Walked walked;
    const auto not_cancelled = [&] {
        meanwhile();
        return false;
    };
    while (std::optional<Pieces::Piece> piece = pieces.next(not_cancelled)) {
        for (const plan::ObservedSubtree& listing : piece->observation.observed.subtrees) {
            ++walked.listed[listing.path];
            for (const transport::Entry& entry : listing.entries) walked.names.insert(entry.path);
        }
        walked.pieces.push_back(std::move(*piece));
    }
    return walked;
}

}  // namespace

TEST_CASE("the pieces of a tree have every directory once, whatever their size", "[push][pieces]")
{
    std::mt19937 random(Catch::rngSeed());
    const TempDir dir;
    std::set<std::string> expected{""};
    for (int i = 0; i < 400; ++i) {
        std::string path;
        for (int depth = static_cast<int>(random() % 5); depth > 0; --depth) {
            path += "d" + std::to_string(random() % 5);
            expected.insert(path);
            path += "/";
        }
        write_file(dir / (path + "f" + std::to_string(i)), "x");
        expected.insert(path + "f" + std::to_string(i));
    }
    const std::size_t entries_max = GENERATE(std::size_t{1}, std::size_t{20}, std::size_t{100'000});

    const Walked walked = walk(dir.path(), subtree(""), {entries_max, entries_max});

    CHECK(walked.names == expected);
    for (const auto& [path, times] : walked.listed) {
        INFO(path);
        CHECK(times == 1);
    }
    if (entries_max == 100'000) CHECK(walked.pieces.size() == 1);
    if (entries_max == 1) CHECK(walked.pieces.size() == walked.listed.size());
    for (const Pieces::Piece& piece : walked.pieces)
        for (const plan::DirtyPath& dirty : piece.batch.paths)
            CHECK(piece.observation.observed.at.contains(dirty.path));
}

TEST_CASE("the first piece may be a small one", "[push][pieces]")
{
    const TempDir dir;
    for (int i = 0; i < 30; ++i) write_file(dir / ("d" + std::to_string(i) + "/f"), "x");

    const Walked walked = walk(dir.path(), subtree(""), {2, 1000});

    REQUIRE(walked.pieces.size() == 2);
    CHECK(walked.pieces[0].batch.paths.size() < walked.pieces[1].batch.paths.size());
    CHECK(walked.listed.size() == 31);
}

TEST_CASE("directories with hard-linked files come together, last", "[push][pieces]")
{
    const TempDir dir;
    for (int i = 0; i < 30; ++i) write_file(dir / ("d" + std::to_string(i) + "/f"), "x");
    write_file(dir / "a/first", "linked");
    make_dirs(dir / "z/deep");
    make_hard_link(dir / "a/first", dir / "z/deep/second");

    const Walked walked = walk(dir.path(), subtree(""), {10, 10});

    REQUIRE(walked.pieces.size() > 2);
    std::set<std::string> last;
    for (const plan::DirtyPath& dirty : walked.pieces.back().batch.paths) last.insert(dirty.path);
    CHECK(last.contains("a"));
    CHECK(last.contains("z/deep"));
    CHECK(walked.listed.at("a") == 1);
    CHECK(walked.listed.at("z/deep") == 1);
}

TEST_CASE("the paths of a batch come in the first piece, and a subtree that is gone as gone",
          "[push][pieces]")
{
    const TempDir dir;
    for (int i = 0; i < 30; ++i) write_file(dir / ("d" + std::to_string(i) + "/f"), "x");
    write_file(dir / "x", "1");
    plan::Batch batch = subtree("d1");
    batch.paths.push_back({"gone/sub", plan::Look::subtree, 0, {}, 0});
    batch.paths.push_back({"x", plan::Look::content, 0, {}, 0});
    batch.paths.push_back({"d2", plan::Look::listing, 0, {}, 0});

    const Walked walked = walk(dir.path(), batch, {1, 1});

    const plan::Observed& first = walked.pieces.front().observation.observed;
    CHECK(first.at.at("x"));
    REQUIRE(walked.pieces.front().batch.paths.size() >= 2);
    CHECK(walked.pieces.front().batch.paths[0].path == "gone/sub");
    CHECK(walked.pieces.front().batch.paths[1].path == "x");
    CHECK(walked.listed.at("d2") == 1);
    CHECK(walked.listed.at("d1") == 1);
    CHECK_FALSE(walked.listed.contains("gone/sub"));
    bool gone = false;
    for (const Pieces::Piece& piece : walked.pieces)
        for (const plan::DirtyPath& dirty : piece.batch.paths)
            if (dirty.path == "gone/sub") gone = !piece.observation.observed.at.at("gone/sub");
    CHECK(gone);
}

TEST_CASE("what was to be compared and is no directory any more is sent for itself",
          "[push][pieces]")
{
    const TempDir dir;
    write_file(dir / "f", "x");
    plan::Batch batch = subtree("");
    batch.paths.push_back({"f", plan::Look::subtree, 0, {}, 0});

    const Walked walked = walk(dir.path(), batch, {100, 100});

    REQUIRE(walked.pieces.size() == 1);
    const auto& paths = walked.pieces.front().batch.paths;
    CHECK(std::any_of(paths.begin(), paths.end(), [](const plan::DirtyPath& dirty) {
        return dirty.path == "f" && dirty.look == plan::Look::content;
    }));
}

TEST_CASE("what was to be compared and is a directory again when it is seen is compared",
          "[push][pieces]")
{
    const TempDir dir;
    make_dirs(dir / "src");
    write_file(dir / "src/dd/old", "x");
    write_file(dir / "src/linked/f", "x");
    plan::Batch batch;
    const bool moved = GENERATE(false, true);
    CAPTURE(moved);
    // What something was moved from is looked at last.
    if (moved) batch.moves.push_back({"hidden", "dd"});
    if (moved) batch.paths.push_back({"dd", plan::Look::subtree, 0, {}, 0});
    batch.paths.push_back({"hidden", plan::Look::subtree, 0, {}, 0});
    batch.paths.push_back({"linked/f", plan::Look::content, 0, {}, 0});
    const bool linked = GENERATE(false, true);
    CAPTURE(linked);
    int looks = 0;
    const auto make_it_again = [&] {
        if (++looks != (moved ? 2 : 1)) return;
        write_file(dir / "src/hidden/a", "x");
        write_file(dir / "src/hidden/sub/b", "x");
        if (linked) std::filesystem::create_hard_link(dir / "src/hidden/a", dir / "src/hidden/c");
    };

    const Walked walked =
        walk(dir / "src", batch, {GENERATE(1U, 100U), GENERATE(1U, 100U)}, make_it_again);

    CHECK(walked.listed.contains("hidden"));
    CHECK(walked.listed.contains("hidden/sub"));
    CHECK(walked.names.contains("hidden/sub/b"));
    int as_listing = 0;
    for (const Pieces::Piece& piece : walked.pieces)
        for (const plan::DirtyPath& dirty : piece.batch.paths) {
            CHECK(piece.observation.observed.at.contains(dirty.path));
            if (dirty.path == "hidden" && dirty.look == plan::Look::listing) ++as_listing;
        }
    CHECK(as_listing == 1);
}
