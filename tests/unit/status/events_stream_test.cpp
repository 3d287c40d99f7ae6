#include "tests/support/until.h"
#include "tests/unit/status/running_server.h"
#include "tests/unit/status/sample.h"
#include "tests/unit/status/talk.h"

#include <catch2/catch.hpp>

namespace lockstep::status {
namespace {

using lockstep::testing::until;
using namespace std::chrono_literals;

// Subscribed, with the head heard.
std::unique_ptr<Talk> subscriber(const std::string& socket)
{
    auto talk = std::make_unique<Talk>(socket);
    talk->say(get("/v1/events"));
    const TalkReply head = talk->hear(true);
    REQUIRE(head.status == 200);
    REQUIRE(head.head.find("Content-Type: text/event-stream\r\n") != std::string::npos);
    return talk;
}

// What was published before has been handed out when this returns.
void catch_up(const std::string& socket)
{
    Talk talk(socket);
    REQUIRE(talk.ask(get("/healthz")).status == 200);
}

}  // namespace

TEST_CASE("every subscriber hears every event, in order", "[status][events]")
{
    RunningServer server(contract_example());
    std::vector<std::unique_ptr<Talk>> subscribers;
    for (int i = 0; i < 20; ++i) subscribers.push_back(subscriber(server.socket()));

    for (int i = 0; i < 10; ++i) server.publish({"change", "{\"n\":" + std::to_string(i) + "}"});

    std::string expected;
    for (int i = 0; i < 10; ++i)
        expected += "event: change\ndata: {\"n\":" + std::to_string(i) + "}\n\n";
    for (const auto& talk : subscribers) {
        CHECK(talk->hear_until("{\"n\":9}\n\n"));
        CHECK(talk->heard() == expected);
    }
}

TEST_CASE("a subscriber who does not read loses the oldest and delays nobody", "[status][events]")
{
    RunningServer server(contract_example());
    const auto slow = subscriber(server.socket());
    const auto quick = subscriber(server.socket());
    const std::string padding(4000, 'x');

    for (int i = 0; i < 3000; ++i) {
        server.publish({"change", std::to_string(i) + padding});
        if (i % 100 == 99) {
            catch_up(server.socket());
            REQUIRE(quick->hear_until("\ndata: " + std::to_string(i) + "xxx"));
        }
    }

    CHECK(quick->heard().find("dropped") == std::string::npos);
    CHECK(slow->hear_until("\ndata: 2999xxx"));
    CHECK(slow->heard().find(" events dropped\n") != std::string::npos);
    CHECK(slow->heard().starts_with("event: change\ndata: 0xxx"));
}

TEST_CASE("a subscriber who leaves frees its place", "[status][events]")
{
    HttpOptions options;
    options.clients_max = 1;
    RunningServer server(contract_example(), options);
    subscriber(server.socket()).reset();

    CHECK(until(
        [&] {
            Talk again(server.socket());
            return again.ask(get("/healthz")).status == 200;
        },
        10s));
}

TEST_CASE("a stopping server ends its streams", "[status][events]")
{
    RunningServer server(contract_example());
    const auto talk = subscriber(server.socket());

    server.stop();

    CHECK(talk->hear_the_end());
}

TEST_CASE("events published while nobody listens are nobody's", "[status][events]")
{
    RunningServer server(contract_example());
    server.publish({"change", "early"});
    const auto talk = subscriber(server.socket());
    server.publish({"change", "late"});

    CHECK(talk->hear_until("late"));
    CHECK(talk->heard() == "event: change\ndata: late\n\n");
}

}  // namespace lockstep::status
