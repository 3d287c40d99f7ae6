// Not run by default: state_tests "[measure]" says how long the index takes.
#include "agent/state/index.h"
#include "agent/state/reconcile.h"
#include "tests/support/temp_tree.h"

#include <catch2/catch.hpp>

#include <chrono>
#include <iostream>

using namespace lockstep;
using namespace lockstep::state;
using namespace lockstep::testing;

namespace {

template <class Work>
void timed(const char* what, Work work)
{
    const auto begun = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begun;
    std::cout << what << ": " << took.count() << " ms\n";
}

Index::Opening opening()
{
    Index::Opening opening;
    opening.destinations = {"one"};
    return opening;
}

}  // namespace

TEST_CASE("10,000 acknowledgements", "[.][measure]")
{
    const TempDir dir;
    Index index(dir / "web.index", opening());
    Acknowledgement all;
    all.destination = "one";
    for (int i = 0; i < 10'000; ++i) {
        const std::string path = "site/part-" + std::to_string(i / 100) + "/f" + std::to_string(i);
        all.sent.push_back({path, 1, true});
        Fingerprint fingerprint;
        fingerprint.mode = S_IFREG;
        fingerprint.ctime_ns = static_cast<std::uint64_t>(i);
        all.sightings.saw_path(path, fingerprint);
    }
    timed("begin", [&] { index.begin("one", all.sent); });
    timed("acknowledge", [&] { index.acknowledge(all); });
    timed("acknowledge again", [&] { index.acknowledge(all); });
}

TEST_CASE("a reconcile of 400,000 files in 200,000 directories", "[.][measure]")
{
    const TempDir dir;
    const std::string source = dir / "src";
    timed("make", [&] {
        for (int i = 0; i < 200'000; ++i) {
            const std::string path =
                source + "/" + std::to_string(i / 1000) + "/" + std::to_string(i);
            make_dirs(path);
            write_file(path + "/a", "1");
            write_file(path + "/b", "2");
        }
    });
    const std::string file = dir / "web.index";
    Acknowledgement all;
    all.destination = "one";
    all.sent = {{"", subtree_look, true}};
    const Beneath root(source, true);
    timespec later = time_of_look();
    later.tv_sec += 10;
    std::vector<std::string> todo{""};
    struct stat status {};
    REQUIRE(root.status("", status) == 0);
    all.sightings.saw_path("", fingerprint_of(status, later));
    while (!todo.empty()) {
        const std::string directory = todo.back();
        todo.pop_back();
        std::vector<DirEntry> names;
        REQUIRE(root.list(directory, names) == 0);
        all.sightings.enter(directory, true);
        for (const DirEntry& name : names) {
            all.sightings.saw(name.name, fingerprint_of(name.status, later));
            if (S_ISDIR(name.status.st_mode))
                todo.push_back(directory.empty() ? name.name : directory + "/" + name.name);
        }
    }
    {
        Index index(file, opening());
        timed("acknowledge", [&] { index.acknowledge(all); });
        index.close();
    }
    std::cout << "index: " << status_of(file).st_size / 600'000 << " bytes an entry\n";
    for (const unsigned threads : {1U, 2U}) {
        std::size_t found = 0;
        Reconciliation how;
        how.threads = threads;
        how.found = [&](const std::vector<Difference>& some) { found += some.size(); };
        timed("reconcile", [&] { reconcile(root, file, "", how); });
        CHECK(found == 0);
    }
}
