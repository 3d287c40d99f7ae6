#include "transport/greeting.h"

#include "base/error.h"

#include <catch2/catch.hpp>

using namespace lockstep;
using namespace lockstep::transport;

TEST_CASE("our greeting is the one of the protocol's dump", "[transport][greeting]")
{
    CHECK(render(our_greeting()) == "@RSYNCD: 32.0 sha512 sha256 sha1 md5 md4\n");
    CHECK(render(our_greeting(29)) == "@RSYNCD: 29.0 sha512 sha256 sha1 md5 md4\n");
}

TEST_CASE("daemons of all ages are understood", "[transport][greeting]")
{
    CHECK(parse_greeting("@RSYNCD: 32.0 sha512 sha256 sha1 md5 md4") ==
          Greeting{32, 0, {"sha512", "sha256", "sha1", "md5", "md4"}});
    CHECK(parse_greeting("@RSYNCD: 31.0") == Greeting{31, 0, {}});
    CHECK(parse_greeting("@RSYNCD: 30.14") == Greeting{30, 14, {}});
    CHECK(parse_greeting("@RSYNCD: 29") == Greeting{29, 0, {}});
    CHECK(parse_greeting("@RSYNCD: 31.0\r") == Greeting{31, 0, {}});
    CHECK(parse_greeting("@RSYNCD: 99.0  x  y ") == Greeting{99, 0, {"x", "y"}});
}

TEST_CASE("blanks of any kind stand between the names of digests, and in none",
          "[transport][greeting]")
{
    for (const char* line : {"@RSYNCD: 32.0 x\r\r", "@RSYNCD: 32.0 x\t\r", "@RSYNCD: 32.0 \v x \f"})
        CHECK(parse_greeting(line) == Greeting{32, 0, {"x"}});
    CHECK(parse_greeting("@RSYNCD: 32.0 x\ty\rz\r") == Greeting{32, 0, {"x", "y", "z"}});
}

TEST_CASE("what is no rsync daemon is told from one", "[transport][greeting]")
{
    const std::vector<std::string> lines = {
        "",
        "SSH-2.0-OpenSSH_9.2",
        "HTTP/1.1 400 Bad Request",
        "220 mail ESMTP",
        "@RSYNCD:",
        "@RSYNCD: ",
        "@RSYNCD: x",
        "@RSYNCD: -32.0",
        "@RSYNCD: 32",
        "@RSYNCD: 32.",
        "@RSYNCD: 32.x",
        "@RSYNCD: 32.0sha512",
        "@RSYNCD: 99999.0",
        "@RSYNCD: 32.99999999999999999999",
        "@RSYNCD: OK",
        std::string("@RSYNCD: 32.0 sha512\0", 21),
        "@RSYNCD: 32.0 " + std::string(2000, 'x'),
        std::string(1'000'000, '@'),
    };
    for (const std::string& line : lines) {
        INFO(line.substr(0, 60));
        try {
            parse_greeting(line);
            FAIL("accepted");
        } catch (const Error& error) {
            CHECK(error.kind() == ErrorKind::protocol);
            CHECK(error.remedy() == Remedy::needs_person);
            CHECK(std::string(error.what()).size() < 500);
        }
    }
}

TEST_CASE("the older side decides the protocol, a pre-release counts as one less",
          "[transport][greeting]")
{
    const auto agreed = [](int ours, int theirs, int sub) {
        return agree_protocol(our_greeting(ours), Greeting{theirs, sub, {}});
    };
    CHECK(agreed(32, 32, 0) == 32);
    CHECK(agreed(32, 99, 0) == 32);
    CHECK(agreed(32, 99, 5) == 32);
    CHECK(agreed(29, 32, 0) == 29);
    CHECK(agreed(32, 31, 0) == 31);
    CHECK(agreed(32, 31, 14) == 30);
    CHECK(agreed(32, 32, 1) == 31);
    CHECK(agreed(32, 27, 0) == 27);
    CHECK_THROWS_AS(agreed(32, 26, 0), Error);
    CHECK_THROWS_AS(agreed(32, 27, 1), Error);
}
