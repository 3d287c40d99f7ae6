#include "agent/status/router.h"

#include <catch2/catch.hpp>

namespace lockstep::status {
namespace {

Action routed(const std::string& method, const std::string& target, const std::string& body = "",
              Transport transport = Transport::unix_socket)
{
    return route({method, target, body, transport, "localhost"}, {});
}

template <typename Wanted>
Wanted routed_to(const std::string& method, const std::string& target, const std::string& body = "")
{
    const Action action = routed(method, target, body);
    if (const auto* refuse = std::get_if<Refuse>(&action))
        FAIL(method << ' ' << target << ": " << refuse->status << ' ' << refuse->message);
    REQUIRE(std::holds_alternative<Wanted>(action));
    return std::get<Wanted>(action);
}

unsigned refused(const std::string& method, const std::string& target, const std::string& body = "",
                 Transport transport = Transport::unix_socket)
{
    const Action action = routed(method, target, body, transport);
    const auto* refuse = std::get_if<Refuse>(&action);
    return refuse == nullptr ? 0 : refuse->status;
}

using Names = std::vector<std::string>;
using namespace std::string_view_literals;

}  // namespace

TEST_CASE("everything the contract lists is found", "[status][router]")
{
    routed_to<ShowPage>("GET", "/");
    routed_to<ShowStatus>("GET", "/v1/status");
    routed_to<ShowMetrics>("GET", "/metrics");
    routed_to<ShowHealth>("GET", "/healthz");
    routed_to<StreamEvents>("GET", "/v1/events");
    routed_to<Reload>("POST", "/v1/reload");
    CHECK(routed_to<ShowMapping>("GET", "/v1/mappings/web").name == "web");
    CHECK(routed_to<Pause>("POST", "/v1/mappings/web/pause").name == "web");
    CHECK(routed_to<Resync>("POST", "/v1/mappings/web/resync").name == "web");
    CHECK(routed_to<Resume>("POST", "/v1/mappings/web/resume").name == "web");
    CHECK(routed_to<Flush>("POST", "/v1/flush").names.empty());
}

TEST_CASE("HEAD, absolute targets and queries reach what GET reaches", "[status][router]")
{
    routed_to<ShowStatus>("HEAD", "/v1/status");
    routed_to<ShowStatus>("GET", "http://localhost/v1/status");
    routed_to<ShowPage>("GET", "http://localhost");
    routed_to<ShowStatus>("GET", "/v1/status?x=1");
}

TEST_CASE("a name is decoded, dots stay what they are", "[status][router]")
{
    CHECK(routed_to<ShowMapping>("GET", "/v1/mappings/a%2Fb%20c").name == "a/b c");
    CHECK(routed_to<ShowMapping>("GET", "/v1/mappings/..").name == "..");
}

TEST_CASE("flush takes names and timeout from query and body", "[status][router]")
{
    const Flush query = routed_to<Flush>("POST", "/v1/flush?name=a&name=b&timeout=5s");
    CHECK(query.names == Names{"a", "b"});
    CHECK(query.timeout == std::chrono::milliseconds(5000));

    const Flush body =
        routed_to<Flush>("POST", "/v1/flush?name=a", R"({"names":["b"],"timeout_ms":250})");
    CHECK(body.names == Names{"a", "b"});
    CHECK(body.timeout == std::chrono::milliseconds(250));

    CHECK_FALSE(routed_to<Flush>("POST", "/v1/flush", "{}").timeout);
}

TEST_CASE("flags are on by 1, true or their name alone", "[status][router]")
{
    const std::string web = "/v1/mappings/web";
    CHECK(routed_to<Resync>("POST", web + "/resync?accept_empty=1").accept_empty);
    CHECK(routed_to<Resync>("POST", web + "/resync?accept_empty").accept_empty);
    CHECK(routed_to<Resume>("POST", web + "/resume?accept_deletes=true").accept_deletes);
    CHECK_FALSE(routed_to<Resume>("POST", web + "/resume?accept_deletes=0").accept_deletes);
    CHECK_FALSE(routed_to<Resync>("POST", web + "/resync").accept_empty);
}

TEST_CASE("parameters that cannot be meant are refused, not ignored", "[status][router]")
{
    const std::string target = GENERATE(
        as<std::string>{}, "/v1/flush?names=a", "/v1/flush?timeout=5", "/v1/flush?timeout=-5s",
        "/v1/flush?timeout=99999999999999999999s", "/v1/flush?timeout=9223372036854775807d",
        "/v1/mappings/web/resync?accept_deletes=1", "/v1/mappings/web/resync?accept_empty=maybe",
        "/v1/mappings/web/pause?x", "/v1/reload?x=1", "/v1/%zz", "http://[");
    INFO(target);
    CHECK(refused("POST", target) == 400);
}

TEST_CASE("a body that is not the expected JSON is refused", "[status][router]")
{
    const std::string body =
        GENERATE(as<std::string>{}, "{", "[]", "null", R"({"names":"a"})", R"({"names":[1]})",
                 R"({"timeout_ms":-1})", R"({"timeout_ms":1.5})", R"({"timeout_ms":1e99})",
                 R"({"timeout":1})", R"({} x)", "\xff");
    INFO(body);
    CHECK(refused("POST", "/v1/flush", body) == 400);
}

TEST_CASE("the deepest JSON is refused, not followed", "[status][router]")
{
    CHECK(refused("POST", "/v1/flush", std::string(60'000, '[')) == 400);
}

TEST_CASE("unknown targets are 404 and known ones with another method 405", "[status][router]")
{
    CHECK(refused("GET", "/v1/nothing") == 404);
    CHECK(refused("GET", "/v1/status/") == 404);
    CHECK(refused("GET", "//v1/status") == 404);
    CHECK(refused("POST", "/v1/mappings/web/explode") == 404);
    CHECK(refused("DELETE", "/v1/nothing") == 404);
    CHECK(refused("POST", "/v1/status") == 405);
    CHECK(refused("DELETE", "/v1/mappings/web") == 405);
    CHECK(refused("GET", "/v1/flush") == 405);
    CHECK(refused("GET", "/v1/mappings/web/resync") == 405);
    CHECK(std::get<Refuse>(routed("GET", "/v1/flush")).allow == "POST");
    CHECK(std::get<Refuse>(routed("PUT", "/metrics")).allow == "GET, HEAD");
}

TEST_CASE("no POST is taken on TCP, whatever its target", "[status][router]")
{
    for (const char* target :
         {"/v1/flush", "/v1/reload", "/v1/mappings/web/pause", "/v1/status", "/nothing"})
        CHECK(refused("POST", target, "", Transport::tcp) == 403);
    CHECK(refused("GET", "/v1/status", "", Transport::tcp) == 0);
}

TEST_CASE("TCP answers under its own names only, the unix socket under any", "[status][router]")
{
    const auto status = [](Transport transport, std::optional<std::string> host) {
        const Action action =
            route({"GET", "/v1/status", "", transport, std::move(host)}, {"sync.example"});
        const auto* refuse = std::get_if<Refuse>(&action);
        return refuse == nullptr ? 200U : refuse->status;
    };

    CHECK(status(Transport::tcp, "evil.example:9477") == 403);
    CHECK(status(Transport::tcp, "sync.example:9477") == 200);
    CHECK(status(Transport::tcp, std::nullopt) == 200);
    CHECK(status(Transport::unix_socket, "anything") == 200);
}

TEST_CASE("no bytes make the router throw", "[status][router]")
{
    std::mt19937 random(Catch::rngSeed());
    const std::string alphabet("/?&=%v1flushmappins.:[]{}\"\\#@ \0\xff\x80"sv);
    for (int i = 0; i < 20'000; ++i) {
        Request request{"POST", "/", "", Transport::unix_socket, {}};
        std::string& text = i % 2 == 0 ? request.target : request.body;
        if (i % 2 == 1) request.target = "/v1/flush";
        for (std::size_t n = random() % 40; n > 0; --n)
            text += alphabet[random() % alphabet.size()];
        INFO("round " << i << " of seed " << Catch::rngSeed());
        REQUIRE_NOTHROW(route(request, {}));
    }
}

}  // namespace lockstep::status
