// What each event means, by tables: events in, changes and directories to look at out. No kernel.
#include "watcher/translate.h"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace {

using namespace lockstep::watcher;
using std::chrono::milliseconds;

// wd 1 is the root, 2 is 'a', 3 is 'a/b', 4 is 'c'.
struct Desk {
    explicit Desk(Excluded rules = {}) : excluded(std::move(rules))
    {
        tree.set_watch(WatchTree::root, 1);
        const NodeId a = tree.add(WatchTree::root, "a");
        tree.set_watch(a, 2);
        tree.set_watch(tree.add(a, "b"), 3);
        tree.set_watch(tree.add(WatchTree::root, "c"), 4);
    }

    // Changes as text, in order, for the events in order: "gone a/", "moved x/ < a/".
    std::vector<std::string> told(const std::vector<Event>& events)
    {
        out.clear();
        for (const Event& event : events) translator.translate(event, now, out);
        return texts();
    }
    std::vector<std::string> told_after(milliseconds wait)
    {
        out.clear();
        now += wait;
        translator.expire(now, out);
        return texts();
    }

    std::vector<std::string> texts() const
    {
        static const std::vector<std::string> names{"content", "writing", "attributes", "gone",
                                                    "moved"};
        std::vector<std::string> texts;
        for (const Change& change : out.changes) {
            const std::string slash = change.directory ? "/" : "";
            std::string text =
                names[static_cast<std::size_t>(change.kind)] + " " + change.path + slash;
            if (change.kind == ChangeKind::moved) text += " < " + change.from + slash;
            texts.push_back(text);
        }
        return texts;
    }
    std::vector<std::string> visited() const
    {
        std::vector<std::string> paths;
        for (const Place& place : out.visits)
            paths.push_back(tree.path(place.parent) + "/" + place.name);
        return paths;
    }

    Excluded excluded;
    WatchTree tree;
    Translator translator{tree, excluded, milliseconds(10)};
    Translation out;
    Time now{};
};

using Texts = std::vector<std::string>;
constexpr auto create = EventKind::create;
constexpr auto deleted = EventKind::deleted;
constexpr auto moved_from = EventKind::moved_from;
constexpr auto moved_to = EventKind::moved_to;

TEST_CASE("one event, one meaning", "[watcher][translate]")
{
    struct Row {
        Event event;
        Texts told;
        Texts visited;
    };
    const Row row = GENERATE(values<Row>({
        {{.wd = 1, .kind = create, .name = "f"}, {"content f"}, {}},
        {{.wd = 3, .kind = create, .name = "f"}, {"content a/b/f"}, {}},
        {{.wd = 2, .kind = create, .directory = true, .name = "n"}, {"content a/n/"}, {"a/n"}},
        {{.wd = 2, .kind = create, .directory = true, .name = "b"}, {}, {}},  // walked already
        {{.wd = 2, .kind = EventKind::modify, .name = "f"}, {"writing a/f"}, {}},
        {{.wd = 2, .kind = EventKind::close_write, .name = "f"}, {"content a/f"}, {}},
        {{.wd = 2, .kind = EventKind::attrib, .name = "f"}, {"attributes a/f"}, {}},
        {{.wd = 1, .kind = EventKind::attrib, .directory = true, .name = "a"},
         {"attributes a/"},
         {}},
        {{.wd = 2, .kind = EventKind::attrib, .directory = true}, {}, {}},  // the parent tells it
        {{.wd = 1, .kind = EventKind::attrib, .directory = true}, {"attributes /"}, {}},
        {{.wd = 2, .kind = deleted, .name = "f"}, {"gone a/f"}, {}},
        {{.wd = 2, .kind = deleted, .directory = true, .name = "b"}, {"gone a/b/"}, {}},
        {{.wd = 1, .kind = moved_to, .cookie = 5, .name = "f"}, {"content f"}, {}},
        {{.wd = 1, .kind = moved_to, .directory = true, .cookie = 5, .name = "d"},
         {"content d/"},
         {"/d"}},
        {{.wd = 9, .kind = create, .name = "f"}, {}, {}},  // a watch that was dropped
        {{.wd = 9, .kind = EventKind::ignored}, {}, {}},
        {{.wd = 2, .kind = EventKind::move_self}, {}, {}},
    }));
    Desk desk;

    CHECK(desk.told({row.event}) == row.told);
    CHECK(desk.visited() == row.visited);
}

TEST_CASE("a removed directory leaves the tree with its watches", "[watcher][translate]")
{
    Desk desk;

    desk.told({{.wd = 1, .kind = deleted, .directory = true, .name = "a"}});

    CHECK(desk.out.unwatch == std::vector{3, 2});
    CHECK(desk.tree.find("a") == no_node);
}

TEST_CASE("two halves are one move, whatever stands between", "[watcher][translate]")
{
    Desk desk;

    CHECK(desk.told({{.wd = 1, .kind = moved_from, .directory = true, .cookie = 5, .name = "a"},
                     {.wd = 3, .kind = EventKind::close_write, .name = "f"},
                     {.wd = 4, .kind = moved_to, .directory = true, .cookie = 5, .name = "z"},
                     {.wd = 2, .kind = EventKind::move_self},
                     {.wd = 3, .kind = create, .name = "g"}}) ==
          Texts{"content a/b/f", "moved c/z/ < a/", "content c/z/b/g"});
    CHECK(desk.out.unwatch.empty());
    CHECK(desk.tree.path(desk.tree.by_wd(3)) == "c/z/b");
}

TEST_CASE("halves meet across reads within their time", "[watcher][translate]")
{
    Desk desk;

    CHECK(desk.told({{.wd = 1, .kind = moved_from, .cookie = 5, .name = "f"}}).empty());
    CHECK(desk.told_after(milliseconds(9)).empty());
    CHECK(desk.told({{.wd = 2, .kind = moved_to, .cookie = 5, .name = "g"}}) ==
          Texts{"moved a/g < f"});
    CHECK(desk.told_after(milliseconds(9)).empty());
}

TEST_CASE("a half that stays alone is gone with its watches", "[watcher][translate]")
{
    Desk desk;
    desk.told({{.wd = 1, .kind = moved_from, .directory = true, .cookie = 5, .name = "a"}});

    CHECK(desk.told_after(milliseconds(10)) == Texts{"gone a/"});

    CHECK(desk.out.unwatch == std::vector{3, 2});
    // An exchange with a name outside would look the same.
    CHECK(desk.out.suspects == std::vector<Suspect>{{1, "a"}});
}

TEST_CASE("a half is gone at once when its directory says it moved", "[watcher][translate]")
{
    Desk desk;

    CHECK(desk.told({{.wd = 1, .kind = moved_from, .directory = true, .cookie = 5, .name = "a"},
                     {.wd = 2, .kind = EventKind::move_self}}) == Texts{"gone a/"});
}

TEST_CASE("a name made again while its half waits is gone first", "[watcher][translate]")
{
    Desk desk;

    CHECK(desk.told({{.wd = 1, .kind = moved_from, .directory = true, .cookie = 5, .name = "a"},
                     {.wd = 1, .kind = create, .directory = true, .name = "a"}}) ==
          Texts{"gone a/", "content a/"});
    CHECK(desk.visited() == Texts{"/a"});
    CHECK(desk.out.unwatch == std::vector{3, 2});
}

TEST_CASE("away and back is two moves and the old paths", "[watcher][translate]")
{
    Desk desk;

    CHECK(desk.told({{.wd = 1, .kind = moved_from, .directory = true, .cookie = 5, .name = "a"},
                     {.wd = 1, .kind = moved_to, .directory = true, .cookie = 5, .name = "z"},
                     {.wd = 1, .kind = moved_from, .directory = true, .cookie = 6, .name = "z"},
                     {.wd = 1, .kind = moved_to, .directory = true, .cookie = 6, .name = "a"},
                     {.wd = 3, .kind = create, .name = "n"}}) ==
          Texts{"moved z/ < a/", "moved a/ < z/", "content a/b/n"});
}

TEST_CASE("an exchange of directories makes both names suspect", "[watcher][translate]")
{
    Desk desk;

    desk.told({{.wd = 1, .kind = moved_from, .directory = true, .cookie = 5, .name = "a"},
               {.wd = 1, .kind = moved_to, .directory = true, .cookie = 5, .name = "c"},
               {.wd = 1, .kind = moved_from, .directory = true, .cookie = 6, .name = "c"},
               {.wd = 1, .kind = moved_to, .directory = true, .cookie = 6, .name = "a"}});

    const auto& suspects = desk.out.suspects;
    CHECK(std::count(suspects.begin(), suspects.end(), Suspect{1, "a"}) > 0);
    CHECK(std::count(suspects.begin(), suspects.end(), Suspect{1, "c"}) > 0);
}

TEST_CASE("a directory that the tree does not know moves as a new one", "[watcher][translate]")
{
    Desk desk;

    CHECK(desk.told({{.wd = 1, .kind = moved_from, .directory = true, .cookie = 5, .name = "x"},
                     {.wd = 2, .kind = moved_to, .directory = true, .cookie = 5, .name = "y"}}) ==
          Texts{"gone x/", "content a/y/"});
    CHECK(desk.visited() == Texts{"a/y"});
}

TEST_CASE("a move below itself is not believed", "[watcher][translate]")
{
    Desk desk;

    desk.told({{.wd = 1, .kind = moved_from, .directory = true, .cookie = 5, .name = "a"},
               {.wd = 3, .kind = moved_to, .directory = true, .cookie = 5, .name = "y"}});

    CHECK(desk.tree.path(desk.tree.by_wd(3)) == "a/b");
    CHECK(desk.out.suspects == std::vector<Suspect>{{1, "a"}});
}

TEST_CASE("of excluded names their directory's times are told, and moves across are half a move",
          "[watcher][translate]")
{
    struct Row {
        std::vector<Event> events;
        Texts told;
    };
    const Row row = GENERATE(values<Row>({
        {{{.wd = 1, .kind = create, .name = "f.tmp"}}, {"attributes /"}},
        {{{.wd = 2, .kind = deleted, .name = "f.tmp"}}, {"attributes a/"}},
        {{{.wd = 2, .kind = EventKind::modify, .name = "f.tmp"}}, {}},
        {{{.wd = 1, .kind = moved_from, .cookie = 5, .name = "f.tmp"},
          {.wd = 1, .kind = moved_to, .cookie = 5, .name = "f"}},
         {"attributes /", "content f"}},
        {{{.wd = 1, .kind = moved_from, .cookie = 5, .name = "f"},
          {.wd = 1, .kind = moved_to, .cookie = 5, .name = "f.tmp"}},
         {"attributes /", "gone f"}},
        {{{.wd = 2, .kind = moved_from, .cookie = 5, .name = "f.tmp"},
          {.wd = 1, .kind = moved_to, .cookie = 5, .name = "g.tmp"}},
         {"attributes a/", "attributes /"}},
        {{{.wd = 1, .kind = moved_from, .directory = true, .cookie = 5, .name = "a"},
          {.wd = 1, .kind = moved_to, .directory = true, .cookie = 5, .name = "a.tmp"}},
         {"attributes /", "gone a/"}},
    }));
    Desk desk([](std::string_view path, bool) { return path.ends_with(".tmp"); });

    CHECK(desk.told(row.events) == row.told);
    CHECK(desk.told_after(milliseconds(10)).empty());
}

TEST_CASE("the root's own end and the kernel's overflow are told apart", "[watcher][translate]")
{
    Desk desk;
    desk.told({{.wd = 1, .kind = EventKind::move_self}});
    CHECK(desk.out.root_moved);
    CHECK_FALSE(desk.out.root_lost);
    desk.told({{.wd = 1, .kind = EventKind::delete_self}});
    CHECK(desk.out.root_lost);
    desk.told({{.wd = -1, .kind = EventKind::overflow}});
    CHECK(desk.out.overflow);
}

TEST_CASE("more lone halves than anybody waits for are gone before their time",
          "[watcher][translate]")
{
    Desk desk;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < MovePairs::halves_max + 3; ++i) names.push_back(std::to_string(i));
    std::vector<Event> events;
    for (const std::string& name : names)
        events.push_back({.wd = 1,
                          .kind = moved_from,
                          .cookie = 1000 + static_cast<std::uint32_t>(events.size()),
                          .name = name});

    CHECK(desk.told(events) == Texts{"gone 0", "gone 1", "gone 2"});
}

TEST_CASE("attributes of a directory send us to the unreadable ones at and below it",
          "[watcher][translate]")
{
    Desk desk;
    desk.tree.set_state(desk.tree.find("a/b"), NodeState::unreadable);

    desk.told({{.wd = 2, .kind = EventKind::attrib, .directory = true, .name = "b"}});
    CHECK(desk.visited() == Texts{"a/b"});
    desk.told({{.wd = 1, .kind = EventKind::attrib, .directory = true, .name = "a"}});
    CHECK(desk.visited() == Texts{"a/b"});
    desk.told({{.wd = 1, .kind = EventKind::attrib, .directory = true, .name = "c"}});
    CHECK(desk.visited().empty());
}

}  // namespace
