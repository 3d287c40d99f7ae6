// Which files of a compare are sent whatever their size and time say: a real index, real files.
#include "agent/push/unproven.h"

#include "agent/push/pieces.h"
#include "agent/state/index.h"
#include "tests/support/temp_tree.h"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/stat.h>

#include <set>

using namespace lockstep;
using namespace lockstep::push;
using namespace lockstep::testing;

namespace {

// One destination has acknowledged the source as it was at first.
class Acknowledged {
public:
    Acknowledged() : index_(file_, {.sent_as = "all", .destinations = {"one", "two"}})
    {
        make_dirs(source_ + "/d");
        for (const char* name : {"same", "rewritten", "longer", "d/rewritten", "replaced"})
            write_file(source_ + "/" + name, "before");
        settle_clock();
        for (const char* destination : {"one", "two"}) {
            state::Acknowledgement all;
            all.destination = destination;
            all.sent = {{"", state::subtree_look, true}};
            all.sightings = look().sightings;
            index_.acknowledge(all);
        }
    }

    const std::string& source() const { return source_; }
    state::Index& index() { return index_; }

    Observation look() const
    {
        const Beneath root(source_, true);
        plan::Batch batch;
        batch.paths.push_back({"", plan::Look::subtree, 1, {}, 0});
        Pieces pieces(root, options_, std::move(batch), {1000, 1000});
        return pieces.next([] { return false; })->observation;
    }

    std::set<std::string> unproven(bool known = true) const
    {
        Observation observation = look();
        state::IndexReader reader(file_, false);
        note_unproven(reader, "one", known, {}, observation);
        std::set<std::string> paths;
        for (const plan::ObservedSubtree& subtree : observation.observed.subtrees)
            for (const std::size_t changed : subtree.changed)
                CHECK(paths.insert(subtree.entries[changed].path).second);
        return paths;
    }

    // The same size and mtime, other content.
    void rewrite(const std::string& name) const
    {
        const std::string path = source_ + "/" + name;
        struct stat before {};
        REQUIRE(::stat(path.c_str(), &before) == 0);
        write_file(path, "change");
        const timespec times[2] = {{0, UTIME_OMIT}, before.st_mtim};
        REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);
    }

    // What is read now is not of the tick that it was written in.
    static void settle_clock()
    {
        const timespec tick{0, 30'000'000};
        ::nanosleep(&tick, nullptr);
    }

private:
    TempDir dir_;
    std::string source_ = dir_ / "src";
    std::string file_ = dir_ / "web.index";
    ObserveOptions options_;
    state::Index index_;
};

}  // namespace

TEST_CASE("what only looks like what was acknowledged is no proof", "[push][unproven]")
{
    const Acknowledged acknowledged;
    CHECK(acknowledged.unproven().empty());

    acknowledged.rewrite("rewritten");
    acknowledged.rewrite("d/rewritten");
    write_file(acknowledged.source() + "/longer", "longer than before");
    write_file(acknowledged.source() + "/new", "before");
    CHECK(acknowledged.unproven() == std::set<std::string>{"rewritten", "d/rewritten"});
    CHECK(acknowledged.unproven(false) == std::set<std::string>{"rewritten", "d/rewritten"});
}

TEST_CASE("what another destination acknowledged is no proof of this one", "[push][unproven]")
{
    Acknowledged acknowledged;
    acknowledged.rewrite("rewritten");
    Acknowledged::settle_clock();
    state::Acknowledgement later;
    later.destination = "two";
    later.sightings = acknowledged.look().sightings;
    acknowledged.index().acknowledge(later);

    CHECK(acknowledged.unproven() == std::set<std::string>{"rewritten"});
    INFO("of one that is new everything is open: the compare has to tell");
    CHECK(acknowledged.unproven(false).empty());
}
