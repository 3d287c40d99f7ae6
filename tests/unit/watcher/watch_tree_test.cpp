// The tree against a model of it that is slow and plain.
#include "watcher/watch_tree.h"

#include "base/path.h"

#include <catch2/catch.hpp>

#include <malloc.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace lockstep;
using namespace lockstep::watcher;

TEST_CASE("a new tree is a root without a watch", "[watcher][watch_tree]")
{
    const WatchTree tree;

    CHECK(tree.size() == 1);
    CHECK(tree.path(WatchTree::root) == "");
    CHECK(tree.find("") == WatchTree::root);
    CHECK(tree.wd(WatchTree::root) == -1);
    CHECK(tree.count(NodeState::watched) == 0);
    CHECK(tree.by_wd(-1) == no_node);
}

TEST_CASE("a moved directory takes everything below it along", "[watcher][watch_tree]")
{
    WatchTree tree;
    const NodeId a = tree.add(WatchTree::root, "a");
    const NodeId b = tree.add(a, "b");
    const NodeId c = tree.add(b, "c");
    tree.set_watch(c, 9);

    tree.move(b, WatchTree::root, "z");

    CHECK(tree.path(c) == "z/c");
    CHECK(tree.find("z/c") == c);
    CHECK(tree.find("a/b") == no_node);
    CHECK(tree.by_wd(9) == c);
}

TEST_CASE("a directory can take the place of its own ancestor", "[watcher][watch_tree]")
{
    WatchTree tree;
    const NodeId a = tree.add(WatchTree::root, "a");
    const NodeId b = tree.add(a, "b");
    const NodeId c = tree.add(b, "c");
    tree.set_watch(a, 1);
    tree.set_watch(c, 3);

    std::vector<int> wds;
    tree.take_place(b, WatchTree::root, "a", wds);

    CHECK(wds == std::vector{1});
    CHECK(tree.path(c) == "a/c");
    CHECK(tree.size() == 3);
}

TEST_CASE("a dropped directory gives back the watches of all below it", "[watcher][watch_tree]")
{
    WatchTree tree;
    const NodeId a = tree.add(WatchTree::root, "a");
    const NodeId b = tree.add(a, "b");
    tree.set_watch(a, 5);
    tree.set_watch(b, 6);

    std::vector<int> wds;
    tree.drop(a, wds);

    std::sort(wds.begin(), wds.end());
    CHECK(wds == std::vector{5, 6});
    CHECK(tree.size() == 1);
    CHECK(tree.by_wd(5) == no_node);
    CHECK(tree.find("a") == no_node);
}

TEST_CASE("states are counted", "[watcher][watch_tree]")
{
    WatchTree tree;
    const NodeId a = tree.add(WatchTree::root, "a");
    tree.set_watch(a, 5);
    CHECK(tree.count(NodeState::watched) == 1);

    CHECK(tree.set_state(a, NodeState::unreadable) == 5);

    CHECK(tree.count(NodeState::watched) == 0);
    CHECK(tree.count(NodeState::unreadable) == 1);
    CHECK(tree.count(NodeState::unwatched) == 1);  // the root
    CHECK(tree.by_wd(5) == no_node);
}

TEST_CASE("any adding, moving and dropping gives the same as on a model", "[watcher][watch_tree]")
{
    std::mt19937 random(Catch::rngSeed());
    WatchTree tree;
    std::map<std::string, int> model;  // path -> wd, without the root
    int next_wd = 1;
    const auto some_name = [&] {
        return std::string(1 + random() % 3, static_cast<char>('a' + random() % 5));
    };
    const auto some_path = [&] {  // "" now and then
        auto it = model.begin();
        std::advance(it, random() % (model.size() + 1));
        return it == model.end() ? std::string() : it->first;
    };

    for (int round = 0; round < 20'000; ++round) {
        const std::string path = some_path();
        const std::string parent = some_path();
        const std::string target = join(parent, some_name());
        const auto choice = random() % 8;
        if (choice < 4) {
            if (model.contains(target)) continue;
            const NodeId node = tree.add(tree.find(parent), name_of_path(target));
            tree.set_watch(node, next_wd);
            model[target] = next_wd++;
        } else if (choice < 7) {
            if (path.empty() || is_at_or_below(parent, path) || model.contains(target)) continue;
            tree.move(tree.find(path), tree.find(parent), name_of_path(target));
            std::map<std::string, int> moved;
            for (auto it = model.begin(); it != model.end();) {
                const bool below = is_at_or_below(it->first, path);
                moved[below ? target + it->first.substr(path.size()) : it->first] = it->second;
                it = model.erase(it);
            }
            model = std::move(moved);
        } else if (!path.empty()) {
            std::vector<int> wds;
            tree.drop(tree.find(path), wds);
            std::vector<int> expected;
            for (auto it = model.begin(); it != model.end();) {
                const bool below = is_at_or_below(it->first, path);
                if (below) expected.push_back(it->second);
                it = below ? model.erase(it) : std::next(it);
            }
            std::sort(wds.begin(), wds.end());
            std::sort(expected.begin(), expected.end());
            REQUIRE(wds == expected);
        }
        REQUIRE(tree.size() == model.size() + 1);
        if (round % 100 != 0) continue;
        for (const auto& [known, wd] : model) {
            REQUIRE(tree.find(known) == tree.by_wd(wd));
            REQUIRE(tree.path(tree.by_wd(wd)) == known);
        }
    }
    CHECK(tree.count(NodeState::watched) == model.size());
}

TEST_CASE("names renamed without end do not fill the memory", "[watcher][watch_tree]")
{
    WatchTree tree;
    const NodeId a = tree.add(WatchTree::root, "a");
    const auto before = ::mallinfo2();
    for (int i = 0; i < 1'000'000; ++i)
        tree.move(a, WatchTree::root, "a directory's name, numbered " + std::to_string(i));
    const auto after = ::mallinfo2();

    CHECK(tree.path(a) == "a directory's name, numbered 999999");
    CHECK(after.uordblks + after.hblkhd < before.uordblks + before.hblkhd + 1024 * 1024);
}

TEST_CASE("a million directories cost at most 220 bytes each, names included",
          "[watcher][watch_tree]")
{
    constexpr std::size_t directories = 1'000'000;
    const auto before = ::mallinfo2();
    WatchTree tree;
    NodeId parent = WatchTree::root;
    for (std::size_t i = 1; i < directories; ++i) {
        const NodeId node = tree.add(parent, "directory-" + std::to_string(i));
        tree.set_watch(node, static_cast<int>(i));
        if (i % 100 == 0) parent = node;  // wide, and 10,000 deep
    }
    const auto after = ::mallinfo2();

    CHECK(tree.size() == directories);
    // Under a sanitizer malloc does not count, and this holds trivially.
    CHECK((after.uordblks + after.hblkhd) - (before.uordblks + before.hblkhd) < directories * 220);
}

}  // namespace
