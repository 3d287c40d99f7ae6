#include "config/destination_url.h"

#include <catch2/catch.hpp>

namespace lockstep::config {
namespace {

DestinationUrl parsed(std::string_view text)
{
    const UrlResult result = parse_destination_url(text);
    INFO(text << ": expected " << result.expected);
    REQUIRE(result.url);
    return *result.url;
}

std::string expectation(std::string_view text)
{
    const UrlResult result = parse_destination_url(text);
    INFO(text);
    CHECK_FALSE(result.url);
    return result.expected;
}

}  // namespace

TEST_CASE("a daemon's URL has user, host, port, module and path", "[config][url]")
{
    const DestinationUrl url = parsed("rsync://user1@198.51.100.7:1873/web/site/a");

    CHECK(url.scheme == Scheme::rsync);
    CHECK(url.user == "user1");
    CHECK(url.host == "198.51.100.7");
    CHECK(url.port == 1873);
    CHECK(url.module == "web");
    CHECK(url.path == "site/a");
}

TEST_CASE("each scheme has its default port", "[config][url]")
{
    CHECK(parsed("rsync://h/m").port == 873);
    CHECK(parsed("rsyncs://h/m").port == 874);
    CHECK(parsed("ssh://h/p").port == 22);
}

TEST_CASE("the path below a module loses empty components", "[config][url]")
{
    CHECK(parsed("rsync://h/m").path.empty());
    CHECK(parsed("rsync://h/m/").path.empty());
    CHECK(parsed("rsync://h/m//a///b/").path == "a/b");
}

TEST_CASE("ssh and file have an absolute path", "[config][url]")
{
    const DestinationUrl ssh = parsed("ssh://user@host:2222/abs/path/");
    CHECK(ssh.user == "user");
    CHECK(ssh.port == 2222);
    CHECK(ssh.path == "/abs/path");
    CHECK(ssh.module.empty());

    const DestinationUrl file = parsed("file:///mnt/mirror");
    CHECK(file.host.empty());
    CHECK(file.path == "/mnt/mirror");
    CHECK(parsed("file://localhost/mnt/mirror").path == "/mnt/mirror");
    CHECK(expectation("file://other/mnt").find("this machine") != std::string::npos);
    CHECK(expectation("file:///").find("absolute path") != std::string::npos);
}

TEST_CASE("an IPv6 address stands in brackets and keeps its zone", "[config][url]")
{
    CHECK(parsed("rsync://[::1]:8873/m/sub").host == "::1");
    CHECK(parsed("rsync://[::1]:8873/m/sub").port == 8873);
    CHECK(parsed("rsync://u@[fe80::1%lo]:8873/m").host == "fe80::1%lo");
    CHECK(parsed("rsync://[fe80::1%25lo]/m").host == "fe80::1%lo");
    CHECK(expectation("rsync://::1/m").find("in brackets") != std::string::npos);
    CHECK(expectation("rsync://[::1/m").find("']'") != std::string::npos);
    CHECK(expectation("rsync://[1.2.3.4]/m").find("IPv6 address") != std::string::npos);
    CHECK(expectation("rsync://[fe80::1%]/m").find("interface") != std::string::npos);
    CHECK(expectation("rsync://[::1]x/m").find("behind ']'") != std::string::npos);
}

TEST_CASE("percent-encoding is decoded", "[config][url]")
{
    const DestinationUrl url = parsed("rsync://h/my%20module/%c3%a4/100%25");
    CHECK(url.module == "my module");
    CHECK(url.path == "\xc3\xa4/100%");
    CHECK(expectation("rsync://h/m/100%").find("%25") != std::string::npos);
    CHECK(expectation("rsync://h/m/%0g").find("hexadecimal") != std::string::npos);
}

TEST_CASE("what could leave the module or end a line early is refused", "[config][url]")
{
    for (const char* text : {"rsync://h/m/..",
                             "rsync://h/m/a/../b",
                             "rsync://h/m/%2e%2e/x",
                             "rsync://h/m/a%2f../b",
                             "rsync://h/..",
                             "rsync://h/a%2fb/c",
                             "rsync://h/m/%00",
                             "rsync://h/m/a%0ab",
                             "rsync://h/m/\x01",
                             "rsync://u%20v@h/m",
                             "rsync://u%0a@h/m",
                             "rsync://-o@h/m",
                             "rsync://-h/m",
                             "rsync:///m",
                             "rsync://h",
                             "rsync://h/",
                             "rsync://h//x",
                             "rsync://h:/m",
                             "rsync://h:0/m",
                             "rsync://h:65536/m",
                             "rsync://h:+1/m",
                             "rsync://h:1x/m",
                             "rsync://@h/m",
                             "rsync://h h/m",
                             "http://h/m",
                             "rsync:/h/m",
                             "",
                             "h",
                             "://"}) {
        CHECK_FALSE(expectation(text).empty());
    }
}

TEST_CASE("a password in the URL is refused with the way to give it", "[config][url]")
{
    CHECK(expectation("rsync://user:secret@host/m").find("password_file") != std::string::npos);
    CHECK(expectation("rsync://user:@host/m").find("password_file") != std::string::npos);
    CHECK_FALSE(parse_destination_url("rsync://user%3Asecret@host/m").url);
}

TEST_CASE("a URL that is shown though it is wrong has no password in it", "[config][url]")
{
    CHECK(without_password("rsync://user:secret@host/m") == "rsync://user:***@host/m");
    CHECK(without_password("rsync://user:se@c/ret@host/m") == "rsync://user:***@host/m");
    CHECK(without_password("rsync://user%3Asecret@host/m") == "rsync://user:***@host/m");
    CHECK(without_password("user:secret@host::m") == "user:***@host::m");
    CHECK(without_password("rsync://host:873/m") == "rsync://host:873/m");
}

TEST_CASE("the daemon syntax of rsync is answered with the URL to write", "[config][url]")
{
    CHECK(expectation("host::module/path") ==
          "rsync://[USER@]HOST[:PORT]/MODULE[/PATH] in place of HOST::MODULE");
}

TEST_CASE("a URL reads back from its text", "[config][url]")
{
    for (const char* text :
         {"rsync://user1@198.51.100.7:873/web/site", "rsync://h/m", "rsyncs://backup.example/web",
          "ssh://user@host/abs/path", "file:///mnt/mirror", "rsync://[::1]:8873/m/sub",
          "rsync://u@[fe80::1%lo]:8873/m", "rsync://h/my%20module/%C3%A4/100%25"}) {
        CHECK(to_string(parsed(text)) == text);
    }
    for (const char* text :
         {"rsync://[fe80::1%2525x]/m", "rsync://[fe80::1%25]/m", "rsync://H.Example/m/",
          "rsync://a%40b@h/m", "rsync://h/a:b/c@d/e#f?g"}) {
        CHECK(parsed(to_string(parsed(text))) == parsed(text));
    }
}

TEST_CASE("two users of one directory mean the same place", "[config][url]")
{
    CHECK(same_place(parsed("rsync://a@HOST/m/p/"), parsed("rsync://b@host:873/m/p")));
    CHECK_FALSE(same_place(parsed("rsync://host/m"), parsed("rsync://host/m/p")));
    CHECK_FALSE(same_place(parsed("rsync://host/m"), parsed("rsync://host:1873/m")));
}

}  // namespace lockstep::config
