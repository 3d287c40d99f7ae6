#include "transport/flist.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <ctime>
#include <numeric>
#include <random>

using namespace lockstep::transport;

namespace {

// PROTOCOL.md 12 word by word: a list of (0, name) for an item, (1, name + "/") for a path; "." the
// empty list.
using SlowKey = std::vector<std::pair<int, std::string>>;

SlowKey slow_key(const Entry& entry)
{
    SlowKey key;
    if (entry.path == ".") return key;
    std::string_view rest = entry.path;
    for (;;) {
        const std::size_t slash = rest.find('/');
        if (slash == rest.npos) break;
        key.emplace_back(1, std::string(rest.substr(0, slash)) + "/");
        rest.remove_prefix(slash + 1);
    }
    if (entry.is_directory())
        key.emplace_back(1, std::string(rest) + "/");
    else
        key.emplace_back(0, std::string(rest));
    return key;
}

std::vector<std::uint32_t> slow_order(const std::vector<Entry>& entries, int protocol)
{
    std::vector<std::uint32_t> order(entries.size());
    std::iota(order.begin(), order.end(), 0U);
    std::ranges::stable_sort(order, [&](std::uint32_t a, std::uint32_t b) {
        if (protocol >= 29) return slow_key(entries[a]) < slow_key(entries[b]);
        return entries[a].path < entries[b].path;
    });
    return order;
}

Entry made(std::string path, std::uint32_t mode)
{
    Entry entry;
    entry.path = std::move(path);
    entry.mode = mode;
    return entry;
}

std::vector<std::string> sorted_paths(const std::vector<Entry>& entries, int protocol)
{
    std::vector<std::string> paths;
    for (const std::uint32_t at : sorted_order(entries, protocol))
        paths.push_back(entries[at].path);
    return paths;
}

}  // namespace

TEST_CASE("files come before directories, and a directory before its content",
          "[transport][flist_order]")
{
    const std::vector<Entry> list = {made("z", 0100644),   made("a/b", 0100644), made("a", 040755),
                                     made("a-b", 0100644), made("a0", 040755),   made(".", 040755),
                                     made("a.x", 040755),  made("a/c", 040755),  made("gone", 0),
                                     made("a/c/d", 0)};

    CHECK(sorted_paths(list, 32) == std::vector<std::string>{".", "a-b", "gone", "z", "a.x", "a",
                                                             "a/b", "a/c", "a/c/d", "a0"});
    CHECK(sorted_paths(list, 28) == std::vector<std::string>{".", "a", "a-b", "a.x", "a/b", "a/c",
                                                             "a/c/d", "a0", "gone", "z"});
}

TEST_CASE("names compare as unsigned bytes", "[transport][flist_order]")
{
    const std::vector<Entry> list = {made("\xff", 0100644), made("\x01", 0100644),
                                     made("~", 0100644), made("\x80", 0100644)};
    CHECK(sorted_paths(list, 32) == std::vector<std::string>{"\x01", "~", "\x80", "\xff"});
    CHECK(sorted_paths(list, 27) == std::vector<std::string>{"\x01", "~", "\x80", "\xff"});
}

TEST_CASE("the order is the one that comparing component by component gives",
          "[transport][flist_order]")
{
    const int protocol = GENERATE(27, 28, 29, 30, 32);
    const std::string all_begin_with = GENERATE("", "d/e", "one/two/", "xxxxxxxxxx");
    std::mt19937 random(Catch::rngSeed());
    const std::string letters = std::string("ab./-0~ ") + '\x01' + '\x7f' + '\x80' + '\xff';
    std::vector<Entry> list;
    for (int i = 0; i < 3000; ++i) {
        std::string path;
        const std::size_t length = 1 + random() % 12;
        while (path.size() < length) {
            const char c = letters[random() % letters.size()];
            if (c == '/' && (path.empty() || path.back() == '/')) continue;
            path += c;
        }
        if (path.back() == '/') path += 'x';
        if (random() % 8 == 0) path.insert(0, "pppppppppppppppppppp/");
        path.insert(0, all_begin_with);
        const std::uint32_t mode = random() % 3 == 0 ? 040755 : random() % 5 == 0 ? 0 : 0100644;
        list.push_back(made(path, mode));
    }
    list.push_back(made(".", 040755));
    std::shuffle(list.begin(), list.end(), random);
    INFO("seed " << Catch::rngSeed());

    const std::vector<std::uint32_t> order = sorted_order(list, protocol);

    CHECK(order == slow_order(list, protocol));

    std::vector<Entry> in_order;
    for (const std::uint32_t at : order) in_order.push_back(list[at]);
    std::vector<std::uint32_t> unchanged(list.size());
    std::iota(unchanged.begin(), unchanged.end(), 0U);
    CHECK(sorted_order(in_order, protocol) == unchanged);
}

TEST_CASE("an empty list has an empty order", "[transport][flist_order]")
{
    CHECK(sorted_order({}, 32).empty());
}

// 0.8 s shuffled, 0.6 s in the order of a walk, most of it for reading the paths (Release, a busy
// virtual core).
TEST_CASE("a million entries are sorted", "[.benchmark][transport][flist_order]")
{
    std::mt19937 random(1);
    std::vector<Entry> list;
    for (int i = 0; i < 1'000'000; ++i)
        list.push_back(made("data/projects/" + std::to_string(random() % 1000) + "/src/file" +
                                std::to_string(i) + ".txt",
                            0100644));
    const auto timed = [&] {
        const std::clock_t start = std::clock();
        const std::vector<std::uint32_t> order = sorted_order(list, 32);
        WARN((std::clock() - start) * 1000 / CLOCKS_PER_SEC << " ms of processor time");
        return order;
    };
    const std::vector<std::uint32_t> order = timed();
    std::vector<Entry> in_order;
    for (const std::uint32_t at : order) in_order.push_back(std::move(list[at]));
    list = std::move(in_order);
    timed();
    CHECK(order.size() == list.size());
}
