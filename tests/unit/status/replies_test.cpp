#include "agent/status/replies.h"

#include "tests/unit/status/sample.h"

#include <catch2/catch.hpp>

namespace lockstep::status {

TEST_CASE("health is 200 or 503 with a reason a line", "[status][replies]")
{
    CHECK(reply_to(ShowHealth{}, contract_example()) ==
          Reply{200, "text/plain; charset=utf-8", "ok\n", ""});
    const auto troubled = reply_to(ShowHealth{}, troubled_example());
    CHECK(troubled->status == 503);
    CHECK(std::count(troubled->body.begin(), troubled->body.end(), '\n') == 2);
}

TEST_CASE("a mapping is shown by its name, another is 404", "[status][replies]")
{
    CHECK(reply_to(ShowMapping{"web"}, contract_example())->status == 200);
    CHECK(reply_to(ShowMapping{"wob"}, contract_example()) ==
          Reply{404, "application/json",
                R"({"ok":false,"message":"no mapping 'wob'","paths":[],"errors":[]})"
                "\n",
                ""});
}

TEST_CASE("commands are not answered from the snapshot, but for unknown names", "[status][replies]")
{
    const Snapshot snapshot = contract_example();
    CHECK_FALSE(reply_to(Flush{}, snapshot));
    CHECK_FALSE(reply_to(Reload{}, snapshot));
    CHECK_FALSE(reply_to(StreamEvents{}, snapshot));
    CHECK_FALSE(unknown_mapping(Flush{}, snapshot));
    CHECK_FALSE(unknown_mapping(Flush{{"web"}, {}}, snapshot));
    CHECK(unknown_mapping(Flush{{"web", "x"}, {}}, snapshot)->status == 404);
    CHECK(unknown_mapping(Pause{"x"}, snapshot)->status == 404);
    CHECK(unknown_mapping(Resume{"x"}, snapshot)->status == 404);
    CHECK(unknown_mapping(Resync{"x"}, snapshot)->status == 404);
    CHECK_FALSE(unknown_mapping(Reload{}, snapshot));
}

TEST_CASE("a command that failed is 409", "[status][replies]")
{
    CHECK(reply_of(CommandResult{true, "", {}, {}}).status == 200);
    CHECK(reply_of(CommandResult{false, "", {}, {}}).status == 409);
}

TEST_CASE("the page loads nothing from elsewhere", "[status][replies]")
{
    const std::string body = reply_to(ShowPage{}, Snapshot{})->body;
    CHECK(body.find("fetch('/v1/status'") != std::string::npos);
    for (const char* outside : {"http:", "https:", "src=", "href=", "@import", "innerHTML"}) {
        INFO(outside);
        CHECK(body.find(outside) == std::string::npos);
    }
}

}  // namespace lockstep::status
