// The walk finds what is not as the index says, and nothing else.
#include "agent/state/reconcile.h"

#include "agent/state/index.h"
#include "tests/support/temp_tree.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <random>
#include <thread>

using namespace lockstep;
using namespace lockstep::state;
using namespace lockstep::testing;

namespace {

// A source and the index of what it was at the last remember().
struct Watched {
    TempDir dir;
    std::string source = dir / "src";
    std::string path = dir / "web.index";
    std::function<bool(std::string_view, bool)> excluded;

    Watched() { make_dirs(source); }

    std::string at(const std::string& below) const { return source + "/" + below; }

    void see(const std::string& directory, Sightings& seen) const
    {
        const Beneath root(source, true);
        timespec later = time_of_look();
        later.tv_sec += 10;  // nothing is racy
        if (directory.empty()) {
            struct stat status {};
            REQUIRE(root.status("", status) == 0);
            seen.saw_path("", fingerprint_of(status, later));
        }
        std::vector<DirEntry> names;
        REQUIRE(root.list(directory, names) == 0);
        seen.enter(directory, true);
        for (const DirEntry& name : names) seen.saw(name.name, fingerprint_of(name.status, later));
        for (const DirEntry& name : names)
            if (S_ISDIR(name.status.st_mode))
                see(directory.empty() ? name.name : directory + "/" + name.name, seen);
    }

    void remember() const
    {
        Index::Opening opening;
        opening.destinations = {"one"};
        Index index(path, opening);
        Acknowledgement all;
        all.destination = "one";
        all.sent = {{"", subtree_look, true}};
        see("", all.sightings);
        index.acknowledge(all);
        index.close();
    }

    std::vector<Difference> differences(const std::string& subtree = "", unsigned threads = 2) const
    {
        std::vector<Difference> found;
        Reconciliation how;
        how.threads = threads;
        how.excluded = excluded;
        how.found = [&](std::vector<Difference> some) {
            found.insert(found.end(), some.begin(), some.end());
        };
        reconcile(Beneath(source, true), path, subtree, how);
        std::sort(found.begin(), found.end(), [](const Difference& a, const Difference& b) {
            return std::tie(a.path, a.kind) < std::tie(b.path, b.kind);
        });
        return found;
    }
};

using Differences = std::vector<Difference>;
using Kind = DifferenceKind;

void next_tick()
{
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // ctimes differ from here on
}

}  // namespace

namespace lockstep::state {
std::ostream& operator<<(std::ostream& out, const Difference& difference)
{
    return out << '\'' << difference.path << "' " << static_cast<int>(difference.kind);
}
}  // namespace lockstep::state

TEST_CASE("an unchanged tree has no differences", "[state][reconcile]")
{
    Watched watched;
    write_file(watched.at("a"), "1");
    write_file(watched.at("d/e/f"), "2");
    make_symlink("a", watched.at("l"));
    watched.remember();

    CHECK(watched.differences() == Differences{});
}

TEST_CASE("each kind of change is found, and said as what it is", "[state][reconcile]")
{
    Watched watched;
    for (const char* name : {"same", "written", "chmod", "gone", "d/in", "gone-dir/x", "to-dir"})
        write_file(watched.at(name), "1");
    write_file(watched.at("to-file/x"), "1");
    write_file(watched.at("moved"), "1");
    watched.remember();
    const timespec before = mtime_of(watched.at("written"));
    next_tick();
    write_file(watched.at("written"), "2");  // same size, and the time put back
    set_mtime(watched.at("written"), before);
    set_mode(watched.at("chmod"), 0600);
    remove_file(watched.at("gone"));
    remove_tree(watched.at("gone-dir"));
    remove_file(watched.at("to-dir"));
    write_file(watched.at("to-dir/x"), "1");
    remove_tree(watched.at("to-file"));
    write_file(watched.at("to-file"), "1");
    write_file(watched.at("new-dir/deep/x"), "1");
    write_file(watched.at("d/new"), "1");
    rename_path(watched.at("moved"), watched.at("d/moved"));

    CHECK(watched.differences() == Differences{{"", Kind::attributes},
                                               {"chmod", Kind::content},
                                               {"d", Kind::attributes},
                                               {"d/moved", Kind::content},
                                               {"d/new", Kind::content},
                                               {"gone", Kind::gone},
                                               {"gone-dir", Kind::gone},
                                               {"moved", Kind::gone},
                                               {"new-dir", Kind::subtree},
                                               {"to-dir", Kind::subtree},
                                               {"to-file", Kind::subtree},
                                               {"written", Kind::content}});
    CHECK(watched.differences("d") == Differences{{"d", Kind::attributes},
                                                  {"d/moved", Kind::content},
                                                  {"d/new", Kind::content}});
    CHECK(watched.differences("gone-dir") == Differences{{"gone-dir", Kind::gone}});
    CHECK(watched.differences("same") == Differences{});
}

TEST_CASE("a racy state is different, however it looks", "[state][reconcile]")
{
    Watched watched;
    write_file(watched.at("a"), "1");
    watched.remember();
    Index::Opening opening;
    opening.destinations = {"one"};
    Index index(watched.path, opening);
    Acknowledgement racy;
    racy.destination = "one";
    const Beneath root(watched.source, true);
    struct stat status {};
    REQUIRE(root.status("a", status) == 0);
    racy.sightings.saw_path("a", fingerprint_of(status, status.st_ctim));
    index.acknowledge(racy);

    CHECK(watched.differences() == Differences{{"a", Kind::content}});
}

TEST_CASE("what is excluded is neither new nor gone", "[state][reconcile]")
{
    Watched watched;
    write_file(watched.at("kept.tmp"), "1");
    write_file(watched.at("cache/x"), "1");
    watched.remember();
    next_tick();
    remove_file(watched.at("kept.tmp"));
    remove_tree(watched.at("cache"));
    write_file(watched.at("new.tmp"), "1");
    watched.excluded = [](std::string_view path, bool directory) {
        return path.ends_with(".tmp") || (directory && path == "cache");
    };

    CHECK(watched.differences() == Differences{{"", Kind::attributes}});
}

TEST_CASE("a directory that cannot be listed is said, and the rest compared", "[state][reconcile]")
{
    Watched watched;
    write_file(watched.at("d/x"), "1");
    watched.remember();
    Database other(watched.path, Database::Mode::read_write);
    // A directory whose row is no fingerprint differs, and is compared all the same.
    other.run("UPDATE entry SET fingerprint = x'00' WHERE name = x'78'");
    REQUIRE(other.changes() == 1);

    CHECK(watched.differences() == Differences{{"d/x", Kind::content}});
}

TEST_CASE("any number of threads finds the same", "[state][reconcile]")
{
    std::mt19937 random(Catch::rngSeed());
    Watched watched;
    std::vector<std::string> files;
    for (int i = 0; i < 600; ++i) {
        std::string path;
        for (int depth = static_cast<int>(random() % 5); depth > 0; --depth)
            path += "d" + std::to_string(random() % 6) + "/";
        path += "f" + std::to_string(i);
        write_file(watched.at(path), "x");
        files.push_back(path);
    }
    watched.remember();
    next_tick();
    for (const std::string& file : files) {
        if (random() % 10 == 0) append_file(watched.at(file), "y");
        if (random() % 10 == 0) remove_file(watched.at(file));
        if (random() % 10 == 0) write_file(watched.at(file + "-new"), "z");
    }

    const Differences by_one = watched.differences("", 1);
    CHECK(by_one.size() > 50);
    CHECK(watched.differences("", 4) == by_one);
}
