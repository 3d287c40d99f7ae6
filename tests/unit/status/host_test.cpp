#include "agent/status/host.h"

#include <catch2/catch.hpp>

namespace lockstep::status {

TEST_CASE("host:port is taken apart, brackets and all", "[status][host]")
{
    CHECK(parse_host_port("127.0.0.1:9477") == HostPort{"127.0.0.1", "9477"});
    CHECK(parse_host_port("[::1]:0") == HostPort{"::1", "0"});
    CHECK(parse_host_port("localhost:65535") == HostPort{"localhost", "65535"});
}

TEST_CASE("what is not host:port is refused", "[status][host]")
{
    const std::string text = GENERATE(as<std::string>{}, "", ":1", "a", "a:", "a:x", "a:65536",
                                      "a:-1", "::1:80", "[::1:80", "[]:80", "a:1 ");
    CHECK_FALSE(parse_host_port(text));
}

TEST_CASE("addresses, localhost and own names are answered, with any port", "[status][host]")
{
    const std::vector<std::string> own{"sync.example", "box"};
    const std::string host =
        GENERATE(as<std::string>{}, "127.0.0.1", "127.0.0.1:9477", "[::1]", "[::1]:9477",
                 "localhost", "LocalHost:1", "sync.example:9477", "BOX", "192.0.2.9:80");
    CHECK(is_answered_host(host, own));
}

TEST_CASE("any other name is a rebinding attempt", "[status][host]")
{
    const std::vector<std::string> own{"sync.example"};
    const std::string host =
        GENERATE(as<std::string>{}, "", "evil.example", "localhost.evil.example", "127.0.0.1.evil",
                 "sync.example.evil", "[evil]", "[::1", ":80", "xlocalhost");
    INFO(host);
    CHECK_FALSE(is_answered_host(host, own));
}

}  // namespace lockstep::status
