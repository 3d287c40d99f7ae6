// Which files are taken to have only grown: real files.
#include "agent/push/grown_files.h"

#include "tests/support/temp_tree.h"

#include <catch2/catch.hpp>

#include <unistd.h>

#include <string>

using namespace lockstep::push;
using namespace lockstep::testing;
using lockstep::Beneath;
using lockstep::HeldDirectory;
using lockstep::transport::Entry;
using lockstep::transport::Way;

namespace {

struct Log {
    TempDir dir;
    GrownFiles grown;

    std::string path() const { return dir / "log"; }
    Entry listed() const
    {
        Entry entry;
        entry.path = "log";
        entry.mode = 0100644;
        entry.size = static_cast<std::uint64_t>(status_of(path()).st_size);
        return entry;
    }
    Entry looked_at(GrownFiles::Seen& seen) const
    {
        const Beneath root(dir.path(), true);
        HeldDirectory source(root);
        Entry entry = listed();
        grown.look_at(source, entry, seen);
        return entry;
    }
    Entry looked_at() const
    {
        GrownFiles::Seen seen;
        return looked_at(seen);
    }
    GrownFiles::Lacks lacks() const
    {
        const Beneath root(dir.path(), true);
        HeldDirectory source(root);
        Entry entry = listed();
        GrownFiles::Seen seen;
        return grown.look_at(source, entry, seen);
    }
    // As it is now it has arrived.
    void arrives()
    {
        GrownFiles::Seen seen;
        looked_at(seen);
        grown.begun(seen);
        grown.arrived(std::move(seen));
    }
};

std::string lines(char letter, std::size_t size)
{
    return std::string(size, letter);
}

}  // namespace

TEST_CASE("a file that has grown since it arrived lacks its tail", "[push][grown_files]")
{
    const std::size_t before = GENERATE(1, 4096, 100'000);
    Log log;
    write_file(log.path(), lines('a', before));
    CHECK(log.looked_at().way == Way::usual);
    log.arrives();

    append_file(log.path(), "more");
    const Entry entry = log.looked_at();

    CHECK(entry.way == Way::append);
    CHECK(entry.append_from == before);
    CHECK(entry.as_listed);
}

TEST_CASE("a file that is as it arrived lacks nothing", "[push][grown_files]")
{
    Log log;
    write_file(log.path(), lines('a', 100'000));
    CHECK(log.lacks() == GrownFiles::Lacks::content);
    log.arrives();

    CHECK(log.lacks() == GrownFiles::Lacks::nothing);
    append_file(log.path(), "more");
    CHECK(log.lacks() == GrownFiles::Lacks::tail);
    write_file(log.path(), lines('b', 100'000));
    CHECK(log.lacks() == GrownFiles::Lacks::content);
}

TEST_CASE("what was done otherwise than by appending is seen", "[push][grown_files]")
{
    Log log;
    write_file(log.path(), lines('a', 50'000));
    log.arrives();

    SECTION("replaced by another file that begins like it")
    {
        replace_file(log.path(), lines('a', 60'000));
    }
    SECTION("truncated, and grown past its old length")
    {
        write_file(log.path(), lines('b', 60'000));
    }
    SECTION("shorter")
    {
        write_file(log.path(), lines('a', 40'000));
    }
    SECTION("as long as it was")
    {
        write_file(log.path(), lines('b', 50'000));
    }
    CHECK(log.looked_at().way == Way::usual);
    CHECK(log.looked_at().as_listed);
}

TEST_CASE("what has not arrived is not known to be there", "[push][grown_files]")
{
    Log log;
    write_file(log.path(), "first");
    log.arrives();
    append_file(log.path(), "second");
    GrownFiles::Seen seen;
    CHECK(log.looked_at(seen).way == Way::append);

    log.grown.begun(seen);
    append_file(log.path(), "third");

    CHECK(log.looked_at().way == Way::usual);
}
