// Which other names join a batch: real files, no destination.
#include "agent/push/follow_links.h"

#include "agent/push/pieces.h"
#include "tests/support/temp_tree.h"

#include <catch2/catch.hpp>

#include <map>

using namespace lockstep::push;
using namespace lockstep::testing;
using lockstep::Beneath;
using lockstep::plan::Batch;
using lockstep::plan::Look;

namespace {

using Looks = std::map<std::string, Look>;

// A source whose links are known as they were when it was last asked.
class LinkedSource {
public:
    std::string path(const std::string& below) const { return dir_ / below; }

    // What the batch is after its links were followed.
    Looks followed(const Looks& looks)
    {
        const Beneath source(dir_.path(), true);
        Batch batch;
        for (const auto& [path, look] : looks) batch.paths.push_back({path, look, 1, {}, 0, {}});
        ObserveOptions options;
        options.hard_links = true;
        Pieces pieces(source, options, std::move(batch), {1000, 1000});
        std::optional<Pieces::Piece> piece = pieces.next([] { return false; });
        REQUIRE(piece);
        const auto whole = looks.find("");
        const bool whole_source = whole != looks.end() && whole->second == Look::subtree;
        unknown_ = follow_links(source, options, links_, piece->batch, piece->observation,
                                {.whole_source = whole_source, .first_piece = first_piece_});
        if (whole_source) links_.whole_source_seen(lockstep::plan::TimePoint());
        Looks result = looks;
        for (const auto& dirty : piece->batch.paths) {
            CHECK(piece->observation.observed.at.contains(dirty.path));
            if (dirty.look == Look::listing) continue;  // what a subtree became
            result[dirty.path] = std::max(result[dirty.path], dirty.look);
        }
        return result;
    }
    void arrived() { links_.arrived(); }
    void further_pieces() { first_piece_ = false; }
    bool unknown() const { return unknown_; }

private:
    TempDir dir_;
    LinkIndex links_;
    bool unknown_ = false;
    bool first_piece_ = true;
};

}  // namespace

TEST_CASE("the other names of a written file join, as closely looked at", "[push][follow_links]")
{
    LinkedSource source;
    write_file(source.path("a"), "x");
    make_dirs(source.path("d"));
    make_hard_link(source.path("a"), source.path("d/b"));
    source.followed({{"", Look::subtree}});

    CHECK(source.followed({{"a", Look::content}}) ==
          Looks{{"a", Look::content}, {"d/b", Look::content}});
    source.arrived();
    CHECK(source.followed({{"d/b", Look::attributes}}) ==
          Looks{{"d/b", Look::attributes}, {"a", Look::attributes}});
    CHECK_FALSE(source.unknown());
}

TEST_CASE("what was written through a name that went is sent under the others",
          "[push][follow_links]")
{
    LinkedSource source;
    write_file(source.path("a"), "x");
    make_hard_link(source.path("a"), source.path("b"));
    source.followed({{"", Look::subtree}});

    write_file(source.path("a"), "y");
    const bool replaced = GENERATE(true, false);
    if (replaced)
        replace_file(source.path("a"), "another file");
    else
        remove_file(source.path("a"));

    CHECK(source.followed({{"a", Look::content}}) ==
          Looks{{"a", Look::content}, {"b", Look::content}});
    // Until it has arrived, and no longer.
    CHECK(source.followed({{"a", Look::content}}).contains("b"));
    source.arrived();
    CHECK(source.followed({{"a", Look::content}}) == Looks{{"a", Look::content}});
}

TEST_CASE("a directory that went takes along what its files are called elsewhere",
          "[push][follow_links]")
{
    LinkedSource source;
    write_file(source.path("d/e/a"), "x");
    make_hard_link(source.path("d/e/a"), source.path("b"));
    source.followed({{"", Look::subtree}});

    rename_path(source.path("d"), source.path("new"));
    write_file(source.path("new/e/a"), "longer");
    remove_tree(source.path("new"));

    const Look look = GENERATE(Look::content, Look::subtree);
    CHECK(source.followed({{"d", look}, {"new", look}}) ==
          Looks{{"d", look}, {"new", look}, {"b", Look::attributes}});
}

TEST_CASE("a compare takes along the names that its files have elsewhere", "[push][follow_links]")
{
    LinkedSource source;
    write_file(source.path("a"), "x");
    make_dirs(source.path("d"));
    source.followed({{"", Look::subtree}});
    make_hard_link(source.path("a"), source.path("d/b"));
    make_hard_link(source.path("a"), source.path("d/c"));
    source.followed({{"a", Look::attributes}});
    CHECK(source.unknown());
    source.arrived();

    CHECK(source.followed({{"d", Look::subtree}}) ==
          Looks{{"d", Look::subtree}, {"a", Look::attributes}});
    CHECK_FALSE(source.unknown());
}

TEST_CASE("what joined a piece of a push does not join the next, where it would be alone",
          "[push][follow_links]")
{
    LinkedSource source;
    write_file(source.path("a"), "x");
    make_hard_link(source.path("a"), source.path("b"));
    write_file(source.path("c"), "x");
    source.followed({{"", Look::subtree}});
    source.arrived();
    source.followed({{"a", Look::content}});

    source.further_pieces();
    CHECK(source.followed({{"c", Look::content}}) == Looks{{"c", Look::content}});
}

TEST_CASE("a name that joins and is another file by now brings that one's names along",
          "[push][follow_links]")
{
    LinkedSource source;
    write_file(source.path("a"), "x");
    make_hard_link(source.path("a"), source.path("b"));
    write_file(source.path("c"), "x");
    source.followed({{"", Look::subtree}});
    source.arrived();

    // The index has yet to learn that "b" is what "c" is.
    remove_file(source.path("b"));
    make_hard_link(source.path("c"), source.path("b"));
    make_hard_link(source.path("c"), source.path("d"));
    source.followed({{"d", Look::content}, {"c", Look::content}});
    source.arrived();

    CHECK(source.followed({{"a", Look::content}}) == Looks{{"a", Look::content},
                                                           {"b", Look::content},
                                                           {"c", Look::content},
                                                           {"d", Look::content}});
}

TEST_CASE("a file that took a directory's place brings its names along for whatever was below",
          "[push][follow_links]")
{
    LinkedSource source;
    write_file(source.path("c"), "x");
    make_hard_link(source.path("c"), source.path("l"));
    source.followed({{"", Look::subtree}});
    source.arrived();

    CHECK(source.followed({{"c/gone/f", Look::content}}) ==
          Looks{{"c/gone/f", Look::content}, {"c", Look::content}, {"l", Look::content}});
}
