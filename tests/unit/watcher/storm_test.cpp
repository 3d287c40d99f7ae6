// Many writers at once, faster than anybody can look: afterwards every directory is watched under
// its name.
#include "live_source.h"
#include "mirror.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <random>
#include <thread>

namespace {

using namespace lockstep::watcher;
using namespace lockstep::watcher::test;

// What threads do may fail for want of a name, which another thread took away.
void make_chain(const std::string& path, std::size_t from)
{
    for (std::size_t slash = path.find('/', from); slash != std::string::npos;
         slash = path.find('/', slash + 1))
        ::mkdir(path.substr(0, slash).c_str(), 0755);
    ::mkdir(path.c_str(), 0755);
}

TEST_CASE("chains of directories made and filled at once are all watched", "[watcher][storm]")
{
    const TempDir temp;
    const TempDir prepared;
    LiveSource source({.source = temp.path()});
    source.settle();
    constexpr int writers = 4;
    constexpr int rounds = 150;
    for (int i = 0; i < writers * rounds; ++i) write_file(prepared / std::to_string(i), "prepared");

    std::vector<std::thread> threads;
    for (int writer = 0; writer < writers; ++writer)
        threads.emplace_back([&, writer] {
            for (int i = 0; i < rounds; ++i) {
                const std::string top =
                    temp / ("w" + std::to_string(writer) + "/" + std::to_string(i));
                make_chain(top + "/a/b/c", temp.path().size() + 1);
                write_file(top + "/a/b/c/f", "x");
                ::rename((prepared / std::to_string(writer * rounds + i)).c_str(),
                         (top + "/a/moved").c_str());
            }
        });
    for (std::thread& thread : threads) thread.join();

    std::set<std::string> expected;
    for (int writer = 0; writer < writers; ++writer)
        for (int i = 0; i < rounds; ++i) {
            const std::string top = "w" + std::to_string(writer) + "/" + std::to_string(i);
            for (const char* below : {"", "/a", "/a/b", "/a/b/c", "/a/b/c/f", "/a/moved"})
                expected.insert(top + below);
        }
    for (const Change& change : source.changes_until_now())
        if (change.kind == ChangeKind::content) expected.erase(change.path);
    CHECK(expected == std::set<std::string>());
    CHECK(source.figures().overflows == 0);
    check_every_directory_is_watched(source, temp.path());
}

// Any of make, remove, write, move into, out of and around, exchange, in a small tree, so that
// threads meet all the time.
class Storm {
public:
    Storm(const TempDir& inside, const TempDir& outside, unsigned seed)
        : inside_(inside.path()), outside_(outside.path()), random_(seed)
    {
    }

    void blow(int times)
    {
        for (int i = 0; i < times; ++i) blow();
    }

private:
    std::string some(const std::string& in)
    {
        std::string path = in;
        for (auto depth = 1 + random_() % 3; depth != 0; --depth)
            path += std::string("/") + "abcd"[random_() % 4];
        return path;
    }

    void blow()
    {
        const std::string path = some(inside_);
        switch (random_() % 12) {
            case 0:
            case 1:
            case 2:
                make_chain(path, inside_.size() + 1);
                break;
            case 3:
                ::rmdir(path.c_str());
                break;
            case 4: {
                std::error_code ignored;
                std::filesystem::remove_all(path, ignored);
                break;
            }
            case 5:
            case 6:
                ::rename(path.c_str(), some(inside_).c_str());
                break;
            case 7:
                ::rename(path.c_str(), some(outside_).c_str());
                break;
            case 8:
                ::rename(some(outside_).c_str(), path.c_str());
                break;
            case 9:
                ::renameat2(AT_FDCWD, path.c_str(), AT_FDCWD, some(inside_).c_str(),
                            RENAME_EXCHANGE);
                break;
            case 10:
                ::unlink(path.c_str());
                break;
            default: {
                const int fd =
                    ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
                if (fd < 0) break;
                if (::write(fd, "x", 1) != 1) std::abort();
                ::close(fd);
            }
        }
    }

    std::string inside_;
    std::string outside_;
    std::mt19937 random_;
};

void blow_from_three_sides(const TempDir& inside, const TempDir& outside, unsigned seed)
{
    std::vector<std::thread> threads;
    for (unsigned number = 0; number < 3; ++number)
        threads.emplace_back(
            [&, number] { Storm(inside, outside, seed * 10 + number).blow(1500); });
    for (std::thread& thread : threads) thread.join();
}

TEST_CASE("after any storm of renames the tree is what the directories are", "[watcher][storm]")
{
    const TempDir temp;
    const TempDir outside;
    LiveSource source({.source = temp.path()});
    source.settle();
    const unsigned seed = Catch::rngSeed() * 100 + GENERATE(range(0U, 6U));
    INFO("seed " << seed);

    blow_from_three_sides(temp, outside, seed);

    check_every_directory_is_watched(source, temp.path());
}

TEST_CASE("what is told during any storm is enough to keep a copy", "[watcher][storm]")
{
    const TempDir temp;
    const TempDir outside;
    Mirror mirror(temp.path());
    LiveSource source({.source = temp.path()}, [&](const Change& change) { mirror.apply(change); });
    source.settle();
    const unsigned seed = Catch::rngSeed() * 100 + GENERATE(range(50U, 56U));
    INFO("seed " << seed);

    blow_from_three_sides(temp, outside, seed);
    source.changes_until_now();

    Model expected;
    look_below(temp.path(), "", expected);
    CHECK(mirror.model() == expected);
}

TEST_CASE("a tree filled while it is scanned for the first time is watched whole",
          "[watcher][storm]")
{
    const TempDir temp;
    for (int i = 0; i < 300; ++i) make_dirs(temp / ("old/" + std::to_string(i) + "/x"));
    LiveSource source({.source = temp.path()});

    for (int i = 0; i < 300; ++i) {
        make_dirs(temp / ("new/" + std::to_string(i) + "/x"));
        rename_path(temp / ("old/" + std::to_string(i)), temp / ("moved" + std::to_string(i)));
    }

    source.wait_for(ChangeKind::live);
    check_every_directory_is_watched(source, temp.path());
}

TEST_CASE("a watch ends at once in the middle of a scan", "[watcher][storm]")
{
    const TempDir temp;
    for (int i = 0; i < 1000; ++i)
        make_dirs(temp / (std::to_string(i % 10) + "/" + std::to_string(i)));
    Drainer drainer;
    for (int i = 0; i < 20; ++i) {
        bool ended = false;
        {
            const SourceWatch watch(drainer, {.source = temp.path()},
                                    [&](const std::vector<Change>&) { CHECK_FALSE(ended); });
        }
        ended = true;
    }
}

}  // namespace
