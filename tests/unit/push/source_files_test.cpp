// What a session gets when it asks for a file: real files, and what others have read of them.
#include "agent/push/source_files.h"

#include "agent/push/observe.h"
#include "tests/support/temp_tree.h"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <thread>

using namespace lockstep::push;
using namespace lockstep::testing;
using lockstep::Beneath;
using lockstep::Fd;
using lockstep::plan::Batch;
using lockstep::plan::Look;
using lockstep::transport::Content;
using lockstep::transport::Entry;
using namespace std::chrono_literals;

namespace {

Entry look_at(const Beneath& source, const std::string& path)
{
    Batch batch;
    batch.paths.push_back({path, Look::content, 0, {}, 0});
    return observe(source, batch, {}).observed.at.at(path).value();
}

std::string text_of(const Content& content)
{
    if (!content.read) return "not read";
    return {reinterpret_cast<const char*>(content.read->data()), content.read->size()};
}

// What was changed this long ago may change again only with another ctime.
void let_tick_pass()
{
    std::this_thread::sleep_for(50ms);
}

}  // namespace

TEST_CASE("a file that waits for its close is refused while somebody writes to it",
          "[push][source_files]")
{
    const TempDir dir;
    write_file(dir / "f", "x");
    const Beneath source(dir.path(), true);
    Entry entry = look_at(source, "f");
    entry.waits = true;
    SourceFiles files(source, nullptr);
    {
        const Fd writer(::open((dir / "f").c_str(), O_WRONLY | O_CLOEXEC));
        CHECK(files.open(entry).error == ETXTBSY);
        CHECK(files.held() == std::set<std::string>{"f"});
        entry.waits = false;
        CHECK(files.open(entry).error == 0);
        entry.waits = true;
    }
    const Content content = files.open(entry);
    CHECK(content.error == 0);
    CHECK(content.file);
    CHECK(content.size == 1);
}

TEST_CASE("what has taken the name of a file is not given for it", "[push][source_files]")
{
    const TempDir dir;
    write_file(dir / "linked", "one");
    REQUIRE(::link((dir / "linked").c_str(), (dir / "other name").c_str()) == 0);
    const Beneath source(dir.path(), true);
    const Entry entry = look_at(source, "linked");
    Entry linked = entry;
    linked.link_dev = lockstep::transport::link_device(0);
    SourceFiles files(source, nullptr);
    CHECK(files.open(entry).error == 0);
    CHECK(files.open(linked).error == ENOENT);

    REQUIRE(::unlink((dir / "linked").c_str()) == 0);
    CHECK(files.open(entry).error == ENOENT);
    write_file(dir / "linked", "two");
    CHECK(files.open(entry).error == ENOENT);
    REQUIRE(::unlink((dir / "linked").c_str()) == 0);
    REQUIRE(::mkfifo((dir / "linked").c_str(), 0600) == 0);
    CHECK(files.open(entry).error == EINVAL);
    REQUIRE(::unlink((dir / "linked").c_str()) == 0);
    REQUIRE(::symlink("other name", (dir / "linked").c_str()) == 0);
    CHECK(files.open(entry).error == ELOOP);
}

TEST_CASE("what one destination has read of a small file another gets without reading it",
          "[push][source_files]")
{
    const TempDir dir;
    write_file(dir / "f", "first");
    write_file(dir / "large", std::string(ReadFiles::file_bytes_max + 1, 'l'));
    const Beneath source(dir.path(), true);
    ReadFiles shared;
    SourceFiles one(source, &shared);
    SourceFiles other(source, &shared);

    SECTION("not the same tick, in which it may have changed once more")
    {
        const Entry entry = look_at(source, "f");
        CHECK(text_of(one.open(entry)) == "first");
        CHECK(shared.find(entry) == nullptr);
    }
    let_tick_pass();
    const Entry entry = look_at(source, "f");
    const Content first = one.open(entry);
    CHECK(text_of(first) == "first");
    CHECK(first.size == 5);
    CHECK(other.open(entry).read == first.read);

    SECTION("not of a larger one")
    {
        const Content large = one.open(look_at(source, "large"));
        CHECK(large.file);
        CHECK(large.size == ReadFiles::file_bytes_max + 1);
    }
    SECTION("not once it has changed, though size and time are the same")
    {
        struct stat before {};
        REQUIRE(::stat((dir / "f").c_str(), &before) == 0);
        write_file(dir / "f", "other");
        const timespec times[] = {before.st_atim, before.st_mtim};
        REQUIRE(::utimensat(AT_FDCWD, (dir / "f").c_str(), times, 0) == 0);
        CHECK(text_of(other.open(look_at(source, "f"))) == "other");
    }
    SECTION("not while somebody writes to it")
    {
        write_file(dir / "f", "more");
        let_tick_pass();
        const Entry changed = look_at(source, "f");
        const Fd writer(::open((dir / "f").c_str(), O_WRONLY | O_CLOEXEC));
        CHECK(one.open(changed).file);
        CHECK(shared.find(changed) == nullptr);
    }
}

TEST_CASE("what is kept of small files has a bound", "[push][source_files]")
{
    ReadFiles shared;
    const auto content = std::make_shared<const std::vector<std::byte>>(4096);
    const auto entry_of = [](std::uint64_t inode) {
        Entry entry;
        entry.path = "f" + std::to_string(inode);
        entry.inode = inode;
        entry.size = 4096;
        return entry;
    };
    constexpr std::uint64_t files = 3 * ReadFiles::bytes_max / 4096;
    for (std::uint64_t inode = 1; inode <= files; ++inode) {
        lockstep::state::Fingerprint before;
        before.inode = inode;
        before.size = 4096;
        shared.add(entry_of(inode).path, before, content);
    }
    CHECK(shared.find(entry_of(1)) == nullptr);
    CHECK(shared.find(entry_of(files)) == content);
    CHECK(static_cast<std::size_t>(content.use_count()) <= ReadFiles::bytes_max / 4096 + 1);
}
