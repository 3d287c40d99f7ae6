#include "config/filter.h"

#include "config/wildcard.h"

#include <catch2/catch.hpp>

#include <chrono>
#include <random>

namespace lockstep::config {
namespace {

bool excluded(const std::string& pattern, std::string_view path, bool directory = false)
{
    return Filter({}, {pattern}).excludes_entry(path, directory);
}

}  // namespace

TEST_CASE("an empty filter excludes nothing", "[config][filter]")
{
    const Filter filter;
    CHECK(filter.empty());
    CHECK_FALSE(filter.excludes("a/b", false));
    CHECK(filter.deciding_rule("a", true).empty());
    CHECK(filter.wire_rules().empty());
}

TEST_CASE("the source itself is never excluded", "[config][filter]")
{
    for (const char* pattern : {"*", "**", "/", "/**", "***", "*/"})
        CHECK_FALSE(excluded(pattern, "", true));
}

TEST_CASE("an anchored rule hits the source's own entry only", "[config][filter]")
{
    CHECK(excluded("/cache/", "cache", true));
    CHECK_FALSE(excluded("/cache/", "cache", false));
    CHECK_FALSE(excluded("/cache/", "web/cache", true));
    CHECK(excluded("cache/", "web/cache", true));
}

TEST_CASE("a slash inside matches the path's tail", "[config][filter]")
{
    CHECK(excluded("logs/*.gz", "logs/1.gz"));
    CHECK(excluded("logs/*.gz", "a/logs/1.gz"));
    CHECK_FALSE(excluded("logs/*.gz", "logs/old/1.gz"));
    CHECK_FALSE(excluded("logs/*.gz", "1.gz"));
    CHECK(excluded("foo/bar", "x/foo/bar"));
    CHECK_FALSE(excluded("foo/bar", "xfoo/bar"));
}

TEST_CASE("stars and classes match as rsync's do", "[config][filter]")
{
    CHECK(excluded("*.tmp", "a/b.tmp"));
    CHECK(excluded("*.tmp", ".tmp"));
    CHECK_FALSE(excluded("*.tmp", "b.tmp.x"));
    CHECK(excluded("core.*", "core.123"));
    CHECK_FALSE(excluded("/*/x", "a/b/x"));
    CHECK(excluded("/**/x", "a/b/x"));
    CHECK(excluded("/a/***", "a", true));
    CHECK(excluded("/a/***", "a/b"));
    CHECK_FALSE(excluded("/a/***", "a", false));
    CHECK(excluded("[[:digit:]]", "7"));
    CHECK_FALSE(excluded("[[:nope:]]", "7"));
    CHECK(excluded("[]a]", "]"));
    CHECK(excluded("x[!a]", "xb"));
    CHECK(excluded("\\*x?", "*xy"));
    CHECK(excluded("a\\b", "a\\b"));  // without wildcards a backslash is one
    CHECK_FALSE(excluded("[a", "[a"));
}

TEST_CASE("a double star that is not anchored starts behind any slash", "[config][filter]")
{
    CHECK(excluded("a*b**", "a/ab"));
    CHECK(excluded("a*b**", "x/a/ab"));
    CHECK(excluded("b/**/c", "a/b/x/y/c"));
    CHECK_FALSE(excluded("b/**/c", "ab/x/c"));
    CHECK_FALSE(excluded("/b/**/c", "a/b/x/c"));
}

TEST_CASE("includes come before excludes and the first match decides", "[config][filter]")
{
    const Filter filter({"*/", "*.c"}, {"*"});
    CHECK_FALSE(filter.excludes("src", true));
    CHECK_FALSE(filter.excludes("src/a.c", false));
    CHECK(filter.excludes("src/a.h", false));
}

TEST_CASE("what lies below an excluded directory is excluded, whatever includes it",
          "[config][filter]")
{
    const Filter filter({"*.c"}, {"/build/"});
    CHECK(filter.excludes("build/x/a.c", false));
    CHECK_FALSE(filter.excludes_entry("build/x/a.c", false));
    CHECK_FALSE(filter.excludes("src/a.c", false));
}

TEST_CASE("the deciding rule is named with its place in the list", "[config][filter]")
{
    const Filter filter({"keep.tmp"}, {"/cache/", ".git/", "*.tmp"});
    CHECK(filter.deciding_rule("a/b.tmp", false) == "exclude[2] '*.tmp'");
    CHECK(filter.deciding_rule("a/keep.tmp", false) == "include[0] 'keep.tmp'");
    CHECK(filter.deciding_rule("cache/x/keep.tmp", false) == "exclude[0] '/cache/'");
    CHECK(filter.deciding_rule("a/b", false).empty());
}

TEST_CASE("a pattern that looks like a rule goes over the wire as a pattern", "[config][filter]")
{
    const Filter filter({"+ a"}, {"- x", "!", "trail ", "P y"});
    CHECK(filter.wire_rules() ==
          std::vector<std::string>{"+ + a", "- - x", "- !", "- trail ", "- P y"});
    CHECK(filter.excludes("- x", false));
    CHECK_FALSE(filter.excludes("x", false));
    CHECK(filter.excludes("!", false));
}

TEST_CASE("a hostile pattern does not take exponential time", "[config][filter]")
{
    std::string pattern = "/";
    for (int i = 0; i < 40; ++i) pattern += "a*";
    std::string deep = "/";
    for (int i = 0; i < 40; ++i) deep += "**a*/";
    std::string path;
    for (int i = 0; i < 60; ++i) path += "aaaa/";
    const Filter filter({}, {pattern + "b", deep + "b", "**a*a*a**a*a**b", "a*a**a*a**b"});

    // With backtracking unbounded this would outlast the test's time limit many times over.
    CHECK_FALSE(filter.excludes_entry(path + std::string(250, 'a'), false));
}

TEST_CASE("any bytes are a pattern and a path", "[config][filter]")
{
    std::mt19937 random(Catch::rngSeed());
    const std::string_view alphabet("*?[]!^-\\/a:\xff\0", 13);
    const auto bytes = [&](std::size_t max) {
        std::string text(1 + random() % max, '\0');
        for (char& c : text) c = alphabet[random() % alphabet.size()];
        return text;
    };
    for (int i = 0; i < 20'000; ++i) {
        const std::string pattern = bytes(12);
        const std::string path = bytes(10);
        const Filter filter({}, {pattern});
        // An entry that is excluded is excluded with its ancestors too.
        const bool entry = filter.excludes_entry(path, true);
        const bool whole = filter.excludes(path, true);
        REQUIRE((!entry || whole));
    }
}

}  // namespace lockstep::config
