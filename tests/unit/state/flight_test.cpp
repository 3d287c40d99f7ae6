#include "agent/state/flight.h"

#include <catch2/catch.hpp>

#include <string>

namespace lockstep::state {
namespace {

using Rows = std::vector<DirtyRow>;

}  // namespace

TEST_CASE("a batch under way is read as it was written", "[state][flight]")
{
    const Rows rows{{"", subtree_look, true},
                    {std::string("a\0b\n\xff", 5), 0, true},
                    {std::string(70'000, 'x'), 3, true}};

    CHECK(unpacked_flight(packed_flight(rows)) == rows);
    CHECK(unpacked_flight("").empty());
}

TEST_CASE("a batch under way that cannot be read is the whole source", "[state][flight]")
{
    const std::string whole = packed_flight({{"some/path", 2, true}});

    for (std::size_t length = 1; length < whole.size(); ++length) {
        INFO("cut after " << length);
        CHECK(unpacked_flight(std::string_view(whole).substr(0, length)) ==
              Rows{{"", subtree_look, true}});
    }
    CHECK(unpacked_flight(std::string("\2\xff\xff\xff\xff", 5) + "path") ==
          Rows{{"", subtree_look, true}});
}

}  // namespace lockstep::state
