#include "agent/status/events.h"

#include <catch2/catch.hpp>

namespace lockstep::status {
namespace {

std::shared_ptr<const std::string> line(const std::string& text)
{
    return std::make_shared<const std::string>(text);
}

}  // namespace

TEST_CASE("an event is rendered as the format wants it", "[status][events]")
{
    CHECK(render({"send", R"({"path":"a"})"}) == "event: send\ndata: {\"path\":\"a\"}\n\n");
}

TEST_CASE("line breaks in an event cannot forge another", "[status][events]")
{
    CHECK(render({"a\nevent: b", "1\n\ndata: 2\r\n3"}) ==
          "event: aevent: b\ndata: 1\ndata: \ndata: data: 2\ndata: 3\n\n");
}

TEST_CASE("a full queue drops its oldest line and says so", "[status][events]")
{
    EventQueue queue(2);
    for (const char* text : {"a", "b", "c", "d"}) queue.push(line(text));

    CHECK(queue.take() == ": 2 events dropped\n\ncd");
    CHECK(queue.empty());
    queue.push(line("e"));
    CHECK(queue.take() == "e");
}

TEST_CASE("an empty queue has nothing to send", "[status][events]")
{
    EventQueue queue(2);

    CHECK(queue.take().empty());
}

}  // namespace lockstep::status
