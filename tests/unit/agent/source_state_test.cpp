// Whether what is at the source is what the destinations have.
#include "agent/source_state.h"

#include "agent/state/source_identity.h"
#include "tests/support/temp_tree.h"

#include <catch2/catch.hpp>

namespace lockstep::agent {
namespace {

using namespace lockstep::testing;
using Catch::Matchers::Contains;

TEST_CASE("a source is another one when it is empty or on another file system",
          "[agent][source_state]")
{
    const TempDir source;
    const std::string identity = state::source_identity(source.path());
    CHECK_THAT(why_another_source(source.path(), identity), Contains("it is empty"));

    write_file(source / "a", "a");
    CHECK(why_another_source(source.path(), identity).empty());
    CHECK(why_another_source(source.path(), "").empty());  // it is not known what it was
    CHECK_THAT(why_another_source(source.path(), identity + "x"), Contains("file system"));
}

TEST_CASE("a source that is gone is not taken for an empty one", "[agent][source_state]")
{
    const TempDir parent;
    CHECK(why_another_source(parent / "gone", "").empty());
}

TEST_CASE("a source is missing from its loss until it is found", "[agent][source_state]")
{
    SourceState source("web", "/");
    CHECK_FALSE(source.live());
    CHECK_FALSE(source.missing());

    source.root_lost("it is not there");

    CHECK(source.missing());
    CHECK_FALSE(source.refused());
    CHECK(source.detail() == "it is not there");
}

}  // namespace
}  // namespace lockstep::agent
