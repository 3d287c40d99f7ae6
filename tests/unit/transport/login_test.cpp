#include "transport/login.h"

#include "base/error.h"

#include <catch2/catch.hpp>

using namespace lockstep;
using namespace lockstep::transport;

TEST_CASE("the login line is the one that a 3.5.0 daemon accepted", "[transport][login]")
{
    const std::string_view challenge =
        "n+wz7IazfVLeRMwShOv7pHh8r1hnmxPw2EAETMZUWzHLg9BJUBxbAE0b52thKSGCIWXpyOrGz+oz8j5+250HCg";

    CHECK(auth_response("joe", "s3cret", challenge, "sha512", 32) ==
          "joe fgXr78BxyDY2CUqiaHWnCJz7XyiEnUdjvc85BwYckslWtZlNJHcmzuLIBtbOM+IYZk+"
          "eEHhdyVN7MsNI4pXLLw\n");
}

// Made with: printf %s 's3cretCHALLENGE' | openssl dgst -binary -DIGEST | base64, '=' removed; the
// last with four zero bytes in front and -md4.
TEST_CASE("every digest answers a challenge as openssl does", "[transport][login]")
{
    const auto answer = [](std::string_view digest, int protocol) {
        const std::string line = auth_response("joe", "s3cret", "CHALLENGE", digest, protocol);
        return line.substr(4, line.size() - 5);
    };
    CHECK(answer("sha256", 32) == "YK7W2CO1lPvZFlzYK7iH9yNAEIb2kHQELPsV8m06k7k");
    CHECK(answer("sha1", 32) == "LWpMkhZFzcXhxZMs4vUuNHKv9E0");
    CHECK(answer("md5", 32) == "6PDKUKkthJWCzlOd/ae+EA");
    CHECK(answer("", 31) == "6PDKUKkthJWCzlOd/ae+EA");
    CHECK(answer("md4", 32) == "3cj7Fryh6YEnOVjMEv2U6g");
    CHECK(answer("", 29) == "1tT8h2RmICqCeLA6nTsW5Q");
}

TEST_CASE("the first digest of ours that the daemon names is taken", "[transport][login]")
{
    const Greeting ours = our_greeting();
    CHECK(choose_auth_digest(ours, {32, 0, {"md5", "sha256", "sha512"}}, 32) == "sha512");
    CHECK(choose_auth_digest(ours, {32, 0, {"md4", "md5"}}, 32) == "md5");
    CHECK(choose_auth_digest(ours, {31, 0, {}}, 31).empty());
    try {
        choose_auth_digest(ours, {32, 0, {"sha3"}}, 32);
        FAIL("accepted");
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::auth);
        CHECK(error.remedy() == Remedy::needs_person);
    }
}

TEST_CASE("the lines before OK are told apart", "[transport][login]")
{
    CHECK(parse_reply("@RSYNCD: OK") == Reply{ReplyKind::ok, ""});
    CHECK(parse_reply("@RSYNCD: EXIT") == Reply{ReplyKind::exit, ""});
    CHECK(parse_reply("@RSYNCD: AUTHREQD a+b/c") == Reply{ReplyKind::auth_required, "a+b/c"});
    CHECK(parse_reply("@ERROR: chdir failed") == Reply{ReplyKind::error, "@ERROR: chdir failed"});
    CHECK(parse_reply("@ERROR") == Reply{ReplyKind::error, "@ERROR"});
    CHECK(parse_reply("") == Reply{ReplyKind::motd, ""});
    CHECK(parse_reply("@RSYNCD: OKAY") == Reply{ReplyKind::motd, "@RSYNCD: OKAY"});
    CHECK(parse_reply(" @RSYNCD: OK") == Reply{ReplyKind::motd, " @RSYNCD: OK"});
}

TEST_CASE("a user that would break the line is refused", "[transport][login]")
{
    for (const std::string& user :
         {std::string(), std::string("a b"), std::string("a\nb"), std::string("a\0b", 3)}) {
        INFO(user);
        CHECK_THROWS_AS(auth_response(user, "p", "c", "md5", 32), Error);
    }
    CHECK_THROWS_AS(auth_response("joe", "p", "c", "crc32", 32), Error);
}

TEST_CASE("a password is never in a message", "[transport][login]")
{
    try {
        auth_response("a b", "s3cret", "c", "md5", 32);
        FAIL("accepted");
    } catch (const Error& error) {
        CHECK(std::string(error.what()).find("s3cret") == std::string::npos);
    }
}
