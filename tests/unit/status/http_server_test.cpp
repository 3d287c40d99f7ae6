#include "agent/status/http_server.h"

#include "base/error.h"
#include "tests/support/sockets.h"
#include "tests/support/until.h"
#include "tests/unit/status/running_server.h"
#include "tests/unit/status/sample.h"
#include "tests/unit/status/talk.h"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include <sys/resource.h>

namespace lockstep::status {
namespace {

using lockstep::testing::connect_to;
using lockstep::testing::exists;
using lockstep::testing::until;
using namespace std::chrono_literals;
using Calls = std::vector<std::string>;

HttpOptions with_tcp()
{
    HttpOptions options;
    options.listen = "127.0.0.1:0";
    return options;
}

HttpOptions with_timeout(std::chrono::seconds timeout)
{
    HttpOptions options;
    options.request_timeout = timeout;
    return options;
}

// A thousand clients need two descriptors each: ours and the server's.
void allow_descriptors(rlim_t wanted)
{
    rlimit limit{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
    if (limit.rlim_cur >= wanted) return;
    limit.rlim_cur = std::min(wanted, limit.rlim_max);
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

}  // namespace

TEST_CASE("one connection serves many requests", "[status][http]")
{
    RunningServer server(contract_example());
    Talk talk(server.socket());

    for (const char* target : {"/v1/status", "/metrics", "/healthz", "/", "/v1/mappings/web"}) {
        INFO(target);
        CHECK(talk.ask(get(target)).status == 200);
    }
    CHECK(talk.ask(get("/nothing")).status == 404);
    CHECK(talk.ask(get("/v1/flush")).status == 405);
    CHECK(talk.ask(get("/healthz")).body == "ok\n");
}

TEST_CASE("HEAD has the length of the body and no body", "[status][http]")
{
    RunningServer server(contract_example());
    Talk talk(server.socket());
    const std::size_t length = talk.ask(get("/v1/status")).body.size();

    talk.say("HEAD /v1/status HTTP/1.1\r\nHost: x\r\n\r\n");
    const TalkReply head = talk.hear(true);

    CHECK(head.head.find("Content-Length: " + std::to_string(length)) != std::string::npos);
    CHECK(talk.ask(get("/healthz")).body == "ok\n");
}

TEST_CASE("a request cut at every byte is answered like a whole one", "[status][http]")
{
    RunningServer server(contract_example());
    const std::string request = post("/v1/flush", R"({"names":["web"],"timeout_ms":5})");

    for (std::size_t cut = 1; cut < request.size(); ++cut) {
        Talk talk(server.socket());
        talk.say(request.substr(0, cut));
        INFO("cut after " << cut);
        REQUIRE(talk.ask(request.substr(cut)).status == 200);
    }
    const Calls calls = server.control->calls();
    CHECK(calls.size() == request.size() - 1);
    CHECK(std::all_of(calls.begin(), calls.end(),
                      [](const std::string& call) { return call == "flush web 5"; }));
}

TEST_CASE("requests sent at once are answered in order", "[status][http]")
{
    RunningServer server(contract_example());
    Talk talk(server.socket());
    std::string all;
    for (int i = 0; i < 200; ++i) all += get(i % 2 == 0 ? "/healthz" : "/nothing");
    talk.say(all);

    for (int i = 0; i < 200; ++i) REQUIRE(talk.hear().status == (i % 2 == 0 ? 200 : 404));
}

TEST_CASE("each command reaches the agent with its parameters", "[status][http]")
{
    RunningServer server(contract_example());
    Talk talk(server.socket());
    server.control->set_result({true, "in step", {}, {}});

    const TalkReply reply = talk.ask(post("/v1/flush?name=web&timeout=5s"));
    CHECK(reply.status == 200);
    CHECK(reply.body == "{\"ok\":true,\"message\":\"in step\",\"paths\":[],\"errors\":[]}\n");
    talk.ask(post("/v1/flush"));
    talk.ask(post("/v1/mappings/web/resync?accept_empty=1"));
    talk.ask(post("/v1/mappings/web/pause"));
    talk.ask(post("/v1/mappings/web/resume?accept_deletes=1"));
    talk.ask(post("/v1/reload"));

    CHECK(server.control->calls() == Calls{"flush web 5000", "flush  -", "resync web 1",
                                           "pause web", "resume web 1", "reload"});
}

TEST_CASE("a command that failed is 409 with paths and diagnostics", "[status][http]")
{
    RunningServer server(contract_example());
    Talk talk(server.socket());
    server.control->set_result({false, "timed out", {"a"}, {"f:1:1: x"}});

    const TalkReply reply = talk.ask(post("/v1/reload"));

    CHECK(reply.status == 409);
    CHECK(reply.body ==
          "{\"ok\":false,\"message\":\"timed out\",\"paths\":[\"a\"],\"errors\":[\"f:1:1: x\"]}\n");
}

TEST_CASE("a command for an unknown mapping is 404 and does not reach the agent", "[status][http]")
{
    RunningServer server(contract_example());
    Talk talk(server.socket());

    CHECK(talk.ask(post("/v1/mappings/wob/resync")).status == 404);
    CHECK(talk.ask(post("/v1/flush", R"({"names":["web","wob"]})")).status == 404);
    CHECK(server.control->calls().empty());
}

TEST_CASE("a command that throws is 500 with its words, escaped", "[status][http]")
{
    RunningServer server(contract_example());
    Talk talk(server.socket());
    server.control->throwing = true;

    const TalkReply reply = talk.ask(post("/v1/flush"));

    CHECK(reply.status == 500);
    CHECK(reply.body.find(R"(out of \\xff luck)") != std::string::npos);
    const TalkReply early = talk.ask(post("/v1/reload"));
    CHECK(early.status == 500);
    CHECK(early.body.find("not even begun") != std::string::npos);
    CHECK(talk.ask(get("/healthz")).status == 200);
}

TEST_CASE("before the first snapshot there is an empty status", "[status][http]")
{
    RunningServer server(contract_example());
    Talk talk(server.socket());
    server.control->set_snapshot(nullptr);

    CHECK(talk.ask(get("/v1/status")).body.find("\"mappings\":[]") != std::string::npos);
}

TEST_CASE("a client that hangs up cancels its flush", "[status][http]")
{
    RunningServer server(contract_example());
    server.control->holding = true;
    {
        Talk talk(server.socket());
        talk.say(post("/v1/flush"));
        REQUIRE(until([&] { return server.control->calls().size() == 1; }, 10s));
        CHECK(server.control->flushes_cancelled == 0);
    }
    CHECK(until([&] { return server.control->flushes_cancelled == 1; }, 10s));
}

TEST_CASE("a stopping server cancels the flush under way", "[status][http]")
{
    RunningServer server(contract_example());
    server.control->holding = true;
    Talk talk(server.socket());
    talk.say(post("/v1/flush"));
    REQUIRE(until([&] { return server.control->calls().size() == 1; }, 10s));

    server.stop();

    CHECK(server.control->flushes_cancelled == 1);
    CHECK(talk.hear().status == 0);
    CHECK_FALSE(exists(server.socket()));
}

TEST_CASE("what is sent during a flush is answered after it", "[status][http]")
{
    RunningServer server(contract_example());
    server.control->holding = true;
    Talk talk(server.socket());
    talk.say(post("/v1/flush"));
    REQUIRE(until([&] { return server.control->calls().size() == 1; }, 10s));
    talk.say(get("/nothing") + get("/healthz"));
    Talk other(server.socket());
    CHECK(other.ask(get("/healthz")).status == 200);  // nobody else waits

    server.control->holding = false;

    CHECK(talk.hear().status == 200);
    CHECK(talk.hear().status == 404);
    CHECK(talk.hear().body == "ok\n");
    CHECK(server.control->flushes_cancelled == 0);
}

TEST_CASE("a flood during a flush neither grows memory nor breaks the flush", "[status][http]")
{
    RunningServer server(contract_example());
    server.control->holding = true;
    Talk talk(server.socket());
    talk.say(post("/v1/flush"));
    REQUIRE(until([&] { return server.control->calls().size() == 1; }, 10s));
    std::string flood;
    while (flood.size() < 40'000) flood += get("/healthz");  // more than is read ahead
    talk.say(flood);

    server.control->holding = false;

    CHECK(talk.hear().status == 200);
    for (std::size_t i = 0; i < flood.size() / get("/healthz").size(); ++i)
        REQUIRE(talk.hear().body == "ok\n");
}

TEST_CASE("garbage is told 400 and costs only its own connection", "[status][http]")
{
    RunningServer server(contract_example());
    Talk other(server.socket());
    REQUIRE(other.ask(get("/healthz")).status == 200);
    const std::string garbage =
        GENERATE(as<std::string>{}, "garbage\r\n\r\n", "GET\r\n\r\n", "\x16\x03\x01\x02\x00\x01",
                 "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\nbad header\r\n\r\n",
                 "POST /v1/flush HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                 "POST /v1/flush HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n");
    INFO(garbage);

    Talk talk(server.socket());
    talk.say(garbage);

    const int status = talk.hear().status;
    CHECK((status == 400 || status == 413));
    CHECK(talk.hear_the_end());
    CHECK(other.ask(get("/healthz")).status == 200);
}

TEST_CASE("garbage behind a request costs that connection alone, after its answer",
          "[status][http]")
{
    RunningServer server(contract_example());
    Talk talk(server.socket());
    talk.say(get("/healthz") + "garbage\r\n\r\n");

    CHECK(talk.hear().status == 200);
    CHECK(talk.hear().status == 400);
    CHECK(talk.hear_the_end());
}

TEST_CASE("random bytes never stop the server", "[status][http]")
{
    RunningServer server(contract_example());
    std::mt19937 random(Catch::rngSeed());
    for (int i = 0; i < 100; ++i) {
        std::string bytes(random() % 3000, '\0');
        for (char& c : bytes) c = static_cast<char>(random());
        Talk talk(server.socket());
        talk.say(bytes);
    }

    Talk talk(server.socket());
    CHECK(talk.ask(get("/healthz")).status == 200);
}

TEST_CASE("headers beyond 8 KiB are refused, just below are not", "[status][http]")
{
    RunningServer server(contract_example());
    const std::string start = "GET /healthz HTTP/1.1\r\nHost: x\r\nX: ";

    Talk fine(server.socket());
    CHECK(fine.ask(start + std::string(7'900, 'x') + "\r\n\r\n").status == 200);
    Talk large(server.socket());
    CHECK(large.ask(start + std::string(8'300, 'x') + "\r\n\r\n").status == 431);
    Talk endless(server.socket());
    endless.say(start + std::string(100'000, 'x'));
    CHECK(endless.hear().status == 431);
    CHECK(endless.hear_the_end());
}

TEST_CASE("bodies beyond 64 KiB are refused, exactly 64 KiB are not", "[status][http]")
{
    RunningServer server(contract_example());
    const std::string spaces(64 * 1024 - 2, ' ');

    Talk fine(server.socket());
    CHECK(fine.ask(post("/v1/flush", "{" + spaces + "}")).status == 200);
    Talk large(server.socket());
    CHECK(large.ask(post("/v1/flush", "{ " + spaces + "}")).status == 413);
    CHECK(large.hear_the_end());
    Talk chunked(server.socket());
    chunked.say("POST /v1/flush HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 17; ++i) chunked.say("1000\r\n" + std::string(4096, ' ') + "\r\n");
    CHECK(chunked.hear().status == 413);
}

TEST_CASE("a body that waits to be wanted is asked for", "[status][http]")
{
    RunningServer server(contract_example());
    Talk talk(server.socket());
    talk.say("POST /v1/flush HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");

    CHECK(talk.hear().status == 100);
    CHECK(talk.ask("{}").status == 200);
}

TEST_CASE("a request that is never completed ends after its time", "[status][http]")
{
    RunningServer server(contract_example(), with_timeout(1s));
    Talk silent(server.socket());
    Talk slow(server.socket());
    slow.say("GET /healthz HTTP/1.1\r\nX: ");
    Talk bodiless(server.socket());
    bodiless.say("POST /v1/flush HTTP/1.1\r\nContent-Length: 10\r\n\r\n{");

    CHECK(silent.hear_the_end());
    CHECK(slow.hear_the_end());
    CHECK(bodiless.hear_the_end());
}

TEST_CASE("a client that takes no answers is given up", "[status][http]")
{
    HttpOptions options = with_timeout(1s);
    options.clients_max = 1;
    Snapshot snapshot = contract_example();
    snapshot.mappings.resize(1000, snapshot.mappings[0]);  // more than a socket's buffer holds
    RunningServer server(snapshot, options);
    Talk greedy(server.socket());
    for (int i = 0; i < 100; ++i) greedy.say(get("/v1/status"));

    CHECK(until(
        [&] {
            Talk other(server.socket());
            return other.ask(get("/healthz")).status == 200;
        },
        20s));
}

TEST_CASE("a flush may take longer than a request", "[status][http]")
{
    RunningServer server(contract_example(), with_timeout(1s));
    server.control->holding = true;
    Talk flushing(server.socket());
    flushing.say(post("/v1/flush"));
    Talk silent(server.socket());
    REQUIRE(silent.hear_the_end());  // the time of a request is over

    server.control->holding = false;

    CHECK(flushing.hear().status == 200);
    CHECK(server.control->flushes_cancelled == 0);
}

TEST_CASE("a thousand clients are answered, each of them", "[status][http]")
{
    allow_descriptors(4096);
    HttpOptions options;
    options.request_timeout = 60s;
    RunningServer server(contract_example(), options);
    std::vector<std::unique_ptr<Talk>> clients;
    for (int i = 0; i < 1000; ++i) clients.push_back(std::make_unique<Talk>(server.socket()));

    for (const auto& client : clients) client->say(get("/v1/status"));
    for (const auto& client : clients) REQUIRE(client->hear().status == 200);
    for (const auto& client : clients) REQUIRE(client->ask(get("/healthz")).status == 200);
}

TEST_CASE("a client too many is turned away, and let in when another leaves", "[status][http]")
{
    HttpOptions options;
    options.clients_max = 3;
    RunningServer server(contract_example(), options);
    std::vector<std::unique_ptr<Talk>> clients;
    for (int i = 0; i < 3; ++i) {
        clients.push_back(std::make_unique<Talk>(server.socket()));
        REQUIRE(clients.back()->ask(get("/healthz")).status == 200);
    }

    Talk late(server.socket());
    CHECK(late.hear().status == 503);
    CHECK(late.hear_the_end());
    clients.pop_back();

    CHECK(until(
        [&] {
            Talk again(server.socket());
            return again.ask(get("/healthz")).status == 200;
        },
        10s));
}

TEST_CASE("TCP answers what only reads, and no command", "[status][http]")
{
    RunningServer server(contract_example(), with_tcp());
    Talk talk(connect_to("127.0.0.1", server.tcp_port()));

    CHECK(talk.ask(get("/v1/status")).status == 200);
    CHECK(talk.ask(post("/v1/flush")).status == 403);
    CHECK(talk.ask(post("/v1/reload")).status == 403);
    CHECK(talk.ask("GET /v1/status HTTP/1.1\r\nHost: evil.example\r\n\r\n").status == 403);
    CHECK(talk.ask("GET /v1/status HTTP/1.1\r\nHost: 127.0.0.1:9477\r\n\r\n").status == 200);
    CHECK(server.control->calls().empty());
}

TEST_CASE("TCP reads what is left before it closes on garbage", "[status][http]")
{
    RunningServer server(contract_example(), with_tcp());
    Talk talk(connect_to("127.0.0.1", server.tcp_port()));

    talk.say("garbage\r\n\r\n" + std::string(100'000, 'x'));  // unread, it would reset the answer

    CHECK(talk.hear().status == 400);
    CHECK(talk.hear_the_end());
}

TEST_CASE("a second server on a live socket refuses, the first goes on", "[status][http]")
{
    RunningServer server(contract_example());
    boost::asio::io_context io;
    HttpOptions options;
    options.unix_socket = server.socket();

    CHECK_THROWS_AS(HttpServer(io.get_executor(), options, Control{}), Error);
    Talk talk(server.socket());
    CHECK(talk.ask(get("/healthz")).status == 200);
}

TEST_CASE("a refused TCP address leaves no socket behind", "[status][http]")
{
    const lockstep::testing::TempDir dir;
    RunningServer server(contract_example(), with_tcp());
    boost::asio::io_context io;
    HttpOptions options;
    options.unix_socket = dir.path() + "/s";
    options.listen = "127.0.0.1:" + std::to_string(server.tcp_port());

    CHECK_THROWS_AS(HttpServer(io.get_executor(), options, Control{}), Error);
    CHECK_FALSE(exists(options.unix_socket));
}

}  // namespace lockstep::status
