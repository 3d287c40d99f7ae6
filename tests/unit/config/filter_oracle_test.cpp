// Our filter against the real rsync's, over seeded random trees and patterns.
#include "config/filter.h"
#include "tests/support/child.h"
#include "tests/support/temp_tree.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace lockstep::config {
namespace {

using lockstep::testing::TempDir;

struct Entry {
    std::string path;
    bool directory;
};

// Few letters, so that patterns and names meet often.
class Words {
public:
    explicit Words(std::uint32_t seed) : random_(seed) {}

    std::size_t below(std::size_t n) { return random_() % n; }

    std::string name()
    {
        static const std::vector<std::string> names{
            "a", "b",  "ab", "ba",  "a.o", "b.o",  "abc",  "a b", "[a]", "a-b",
            "A", "a*", "x",  "aab", "-",   "a\\b", "\xe4", "1",   "!",   "a]"};
        return names[below(names.size())];
    }

    std::string pattern()
    {
        static const std::vector<std::string> pieces{
            "a",          "b",     "a",           "b",       "*",    "*",
            "**",         "***",   "?",           "/",       "/",    "/",
            "[ab]",       "[!a]",  "[^b]",        "[a-c]",   "[]a]", "[[:alpha:]]",
            "[a",         "\\",    "\\*",         ".o",      "c",    "[[:digit:]x]",
            "[[:nope:]]", "x",     "-",           "[-a]",    "[a-]", "[\\]]",
            " ",          "/***",  "/**/",        "**/",     "*b",   "!",
            "[[:]",       "[b-a]", "[[:upper:]]", "[a\\-c]", "]",    "1"};
        std::string text;
        const std::size_t count = 1 + below(6);
        for (std::size_t i = 0; i < count; ++i) text += pieces[below(pieces.size())];
        if (below(8) == 0) text = "/" + text;
        if (below(8) == 0) text += "/";
        return text;
    }

private:
    std::mt19937 random_;
};

void plant(Words& words, const std::string& root, const std::string& below, int depth,
           std::vector<Entry>& entries)
{
    std::set<std::string> names;
    while (names.size() < 5) names.insert(words.name());
    for (const std::string& name : names) {
        const std::string path = below.empty() ? name : below + '/' + name;
        const bool directory = depth < 4 && words.below(2) == 0;
        entries.push_back({path, directory});
        if (directory) {
            testing::make_dirs(root + '/' + path);
            plant(words, root, path, depth + 1, entries);
        } else {
            testing::write_file(root + '/' + path, "");
        }
    }
}

// What rsync would send of `root`; paths without a trailing '/'. Rules in their unambiguous form.
std::set<std::string> sent_by_rsync(const std::string& root, const Filter& filter)
{
    std::vector<std::string> argv{"rsync", "-rn", "-8", "--out-format=%n"};
    for (const std::string& rule : filter.wire_rules()) argv.push_back("--filter=" + rule);
    argv.push_back(root + "/");
    argv.push_back(root + ".nowhere/");
    const testing::Output output =
        testing::run({.argv = argv, .env = {"LC_ALL=C"}}, std::chrono::seconds(60));
    INFO(output.err);
    REQUIRE(output.exit_code == 0);

    std::set<std::string> paths;
    for (std::size_t start = 0; start < output.out.size();) {
        const std::size_t end = output.out.find('\n', start);
        std::string line = output.out.substr(start, end - start);
        start = end + 1;
        if (line.ends_with('/')) line.pop_back();
        if (line != "." && !line.starts_with("created directory")) paths.insert(line);
    }
    return paths;
}

std::set<std::string> sent_by_us(const std::vector<Entry>& entries, const Filter& filter)
{
    std::set<std::string> paths;
    std::set<std::string> pruned;
    for (const Entry& entry : entries) {  // parents come first
        const std::size_t slash = entry.path.rfind('/');
        const bool below_pruned =
            slash != std::string::npos && pruned.count(entry.path.substr(0, slash)) > 0;
        if (below_pruned || filter.excludes_entry(entry.path, entry.directory)) {
            if (entry.directory) pruned.insert(entry.path);
        } else {
            paths.insert(entry.path);
        }
    }
    return paths;
}

// "-8" leaves high bytes alone; the rest of rsync's escapes do not occur in our names.
void compare(const TempDir& dir, const std::vector<Entry>& entries,
             const std::vector<std::string>& include, const std::vector<std::string>& exclude)
{
    const Filter filter(include, exclude);
    const std::set<std::string> ours = sent_by_us(entries, filter);
    const std::set<std::string> theirs = sent_by_rsync(dir / "source", filter);
    for (const std::string& rule : filter.wire_rules()) UNSCOPED_INFO("rule '" << rule << "'");
    std::vector<std::string> differ;
    std::set_symmetric_difference(ours.begin(), ours.end(), theirs.begin(), theirs.end(),
                                  std::back_inserter(differ));
    for (const std::string& path : differ)
        UNSCOPED_INFO("'" << path << "' is sent by " << (ours.count(path) ? "us" : "rsync"));
    REQUIRE(differ.empty());
    for (const Entry& entry : entries)  // both ways of asking agree
        REQUIRE(filter.excludes(entry.path, entry.directory) == (ours.count(entry.path) == 0));
}

}  // namespace

TEST_CASE("random patterns exclude what the real rsync excludes", "[config][filter][oracle]")
{
    const TempDir dir;
    Words words(Catch::rngSeed());
    std::vector<Entry> entries;
    testing::make_dirs(dir / "source");
    plant(words, dir / "source", "", 0, entries);

    for (int round = 0; round < 150; ++round) {
        std::vector<std::string> include;
        std::vector<std::string> exclude;
        for (std::size_t n = words.below(3); n > 0; --n) include.push_back(words.pattern());
        for (std::size_t n = 1 + words.below(3); n > 0; --n) exclude.push_back(words.pattern());
        compare(dir, entries, include, exclude);
    }
}

TEST_CASE("patterns of rsync's manual exclude what the real rsync excludes",
          "[config][filter][oracle]")
{
    const TempDir dir;
    std::vector<Entry> entries;
    const std::vector<std::string> directories{
        "foo", "foo/bar", "foo/x",  "foo/x/bar", "foo/x/y", "foo/x/y/bar",
        "bar", "cache",   "web",    "web/cache", "logs",    "logs/old",
        "x",   "x/a",     "x/a/ab", "- x",       "!",       "a*b"};
    for (const std::string& path : directories) {
        testing::make_dirs(dir / "source" + '/' + path);
        entries.push_back({path, true});
        for (const std::string name :
             {"bar.c", "n.o", "1.gz", "- y", "trail ", "#x", "[z]", "back\\slash"}) {
            testing::write_file(dir / "source" + '/' + path + '/' + name, "");
            entries.push_back({path + '/' + name, false});
        }
    }

    const std::vector<std::vector<std::string>> cases{{"*.o"},
                                                      {"/foo"},
                                                      {"foo/"},
                                                      {"foo/*/bar"},
                                                      {"/foo/**/bar"},
                                                      {"bar"},
                                                      {"foo/bar"},
                                                      {"/cache/"},
                                                      {"cache"},
                                                      {"logs/*.gz"},
                                                      {"foo/***"},
                                                      {"foo/**"},
                                                      {"**/bar"},
                                                      {"**bar"},
                                                      {"x**"},
                                                      {"a*b**"},
                                                      {"*"},
                                                      {"/*"},
                                                      {"**"},
                                                      {"***"},
                                                      {"*/"},
                                                      {"- x"},
                                                      {"+ x"},
                                                      {"!"},
                                                      {"- y"},
                                                      {"trail "},
                                                      {"trail"},
                                                      {"#x"},
                                                      {"[z]"},
                                                      {"\\[z]"},
                                                      {"\\[z\\]"},
                                                      {"back\\slash"},
                                                      {"back\\slash*"},
                                                      {"back\\\\slash*"},
                                                      {"/"},
                                                      {"//"},
                                                      {"foo//bar"},
                                                      {"./foo"},
                                                      {"foo/."},
                                                      {"/foo/bar/***"},
                                                      {"x***"},
                                                      {"foo/***/"},
                                                      {"bar", "foo"},
                                                      {"[!f]*"},
                                                      {"[[:alpha:]]oo"}};
    for (const std::vector<std::string>& exclude : cases) compare(dir, entries, {}, exclude);
    compare(dir, entries, {"*/", "*.c"}, {"*"});
    compare(dir, entries, {"foo/", "foo/bar.c"}, {"*"});
    compare(dir, entries, {"/foo/", "/foo/x/***"}, {"*"});
}

}  // namespace lockstep::config
