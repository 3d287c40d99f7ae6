// Killed at any instant, the index never claims what a destination has not.
#include "agent/state/index.h"
#include "agent/state/index_reader.h"
#include "tests/support/temp_tree.h"

#include <catch2/catch.hpp>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <random>
#include <set>
#include <thread>

using namespace lockstep::state;
using namespace lockstep::testing;

namespace {

constexpr std::size_t paths = 40;
constexpr std::size_t destinations = 2;

// What the destinations have, kept where a kill does not reach it: the state's number, 0 for none.
struct World {
    std::uint64_t source[paths];
    std::uint64_t there[destinations][paths];
    std::uint64_t clock;
};

std::string name_of(std::size_t path)
{
    return "d" + std::to_string(path % 4) + "/f" + std::to_string(path);
}

Fingerprint state_of(std::uint64_t version)
{
    Fingerprint fingerprint;
    fingerprint.mode = S_IFREG;
    fingerprint.ctime_ns = version;
    return fingerprint;
}

Index::Opening opening()
{
    Index::Opening opening;
    opening.destinations = {"0", "1"};
    return opening;
}

// Changes the source, sends batches, and acknowledges most of them: as the agent does, until it is
// killed.
[[noreturn]] void work(World& world, const std::string& file, unsigned seed)
{
    std::mt19937 random(seed);
    Index index(file, opening());
    for (;;) {
        const std::size_t destination = random() % destinations;
        std::vector<DirtyRow> batch;
        std::vector<std::size_t> chosen;
        for (std::size_t path = 0; path < paths; ++path) {
            if (random() % 4 != 0) continue;
            if (random() % 2 == 0) world.source[path] = random() % 3 == 0 ? 0 : ++world.clock;
            batch.push_back({name_of(path), 1, true});
            chosen.push_back(path);
        }
        index.begin(std::to_string(destination), batch);
        if (random() % 4 == 0) {  // the line broke: some has arrived, and nobody knows which
            for (const std::size_t path : chosen)
                if (random() % 2 == 0) world.there[destination][path] = world.source[path];
            continue;
        }
        Acknowledgement arrived;
        arrived.destination = std::to_string(destination);
        arrived.sent = batch;
        for (const std::size_t path : chosen) {
            const std::uint64_t version = world.source[path];
            world.there[destination][path] = version;
            if (version == 0)
                arrived.sightings.missed_path(name_of(path));
            else
                arrived.sightings.saw_path(name_of(path), state_of(version));
        }
        index.acknowledge(arrived);
    }
}

}  // namespace

TEST_CASE("a kill at any instant loses no path", "[state][crash]")
{
    std::mt19937 random(Catch::rngSeed());
    const TempDir dir;
    const std::string file = dir / "web.index";
    void* shared =
        ::mmap(nullptr, sizeof(World), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(shared != MAP_FAILED);
    World& world = *static_cast<World*>(shared);
    {
        Index index(file, opening());
        for (const char* destination : {"0", "1"}) {
            Acknowledgement nothing_yet;
            nothing_yet.destination = destination;
            nothing_yet.sent = {{"", subtree_look, true}};
            index.acknowledge(nothing_yet);
        }
    }

    for (int round = 0; round < 200; ++round) {
        const auto seed = static_cast<unsigned>(random());
        const pid_t child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            try {
                work(world, file, seed);
            } catch (...) {
                ::_exit(1);
            }
        }
        std::this_thread::sleep_for(std::chrono::microseconds(500 + random() % 20'000));
        ::kill(child, SIGKILL);
        int status = 0;
        ::waitpid(child, &status, 0);
        INFO("round " << round << ", seed " << seed);
        REQUIRE(WIFSIGNALED(status));

        Index index(file, opening());
        IndexReader reader(file);
        for (std::size_t destination = 0; destination < destinations; ++destination) {
            std::set<std::string> open;
            for (const DirtyRow& row : index.dirty(std::to_string(destination)))
                open.insert(row.path);
            REQUIRE_FALSE(open.contains(""));
            for (std::size_t path = 0; path < paths; ++path) {
                if (open.contains(name_of(path))) continue;
                const std::uint64_t there = world.there[destination][path];
                const std::optional<Fingerprint> known = reader.find(name_of(path));
                INFO(name_of(path) << " at " << destination);
                REQUIRE((known ? known->ctime_ns : 0) == there);
            }
        }
    }
    ::munmap(shared, sizeof(World));
}
