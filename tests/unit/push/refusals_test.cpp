#include "agent/push/refusals.h"

#include <catch2/catch.hpp>

#include <string>

using namespace lockstep;
using namespace lockstep::push;

namespace {

Asks asks(std::initializer_list<Ask> all)
{
    Asks asks;
    for (const Ask ask : all) asks.add(ask);
    return asks;
}

Error refusal(const std::string& option)
{
    return {ErrorKind::refused_option, Remedy::needs_person,
            "the daemon refuses to accept option " + option};
}

}  // namespace

TEST_CASE("what least depends on is left out first", "[push][refusals]")
{
    Asks asked = asks({Ask::deletions, Ask::overwrites, Ask::large_files});
    CHECK(refused_of(asked, refusal("--block-size")) == Ask::large_files);
    CHECK(refused_of(asks({Ask::deletions, Ask::appends}), refusal("--append")) == Ask::appends);
    CHECK(refused_of(asks({Ask::deletions, Ask::overwrites}), refusal("-x")) == Ask::overwrites);
    CHECK(refused_of(asks({Ask::deletions}), refusal("--delete")) == Ask::deletions);
}

TEST_CASE("a refused compression is known by its name", "[push][refusals]")
{
    const Error refused = refusal("--compress");
    CHECK(refused_of(asks({Ask::compression, Ask::deletions}), refused) == Ask::compression);
    CHECK(refused_of(asks({Ask::deletions}), refused) == std::nullopt);
    CHECK(refused_of(asks({Ask::compression}), refusal("--delete")) == std::nullopt);
}

TEST_CASE("what was not asked for is not left out, nor for another reason", "[push][refusals]")
{
    CHECK(refused_of(Asks(), refusal("--delete")) == std::nullopt);
    const Error busy(ErrorKind::busy, Remedy::retry, "max connections reached");
    CHECK(refused_of(asks({Ask::deletions}), busy) == std::nullopt);
}
