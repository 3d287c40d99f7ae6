// What few have is as good as a member, and takes no more than a pointer where it is not there.
#include "base/rare.h"

#include <catch2/catch.hpp>

#include <string>
#include <utility>

using lockstep::Rare;

TEST_CASE("a rare value reads, copies and compares as the value that it is", "[base][rare]")
{
    const Rare<std::string> none;
    CHECK(none->empty());
    CHECK(*none == std::string());
    CHECK(none == Rare<std::string>(std::string()));

    Rare<std::string> text = std::string("text");
    CHECK(*text == "text");
    CHECK_FALSE(text == none);

    Rare<std::string> copy = text;
    CHECK(copy == text);
    copy.edit() += "s";
    CHECK(*copy == "texts");
    CHECK(*text == "text");

    copy = text;
    CHECK(copy == text);
    const Rare<std::string> moved = std::move(copy);
    CHECK(moved == text);
    copy = none;
    CHECK(copy == none);
    copy.edit();
    CHECK(copy == none);

    text = std::string();
    CHECK(text == none);
    CHECK(none->empty());
    CHECK(sizeof(text) == sizeof(void*));
}
