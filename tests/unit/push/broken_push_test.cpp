#include "agent/push/broken_push.h"

#include <catch2/catch.hpp>

#include <sys/stat.h>

using namespace lockstep;
using namespace lockstep::push;

namespace {

Error error_of(ErrorKind kind)
{
    return {kind, Remedy::retry, "it broke"};
}

BrokenPush broken(ErrorKind kind, bool begun)
{
    return BrokenPush(error_of(kind), std::nullopt, begun);
}

transport::Entry entry(const std::string& path, std::uint32_t mode)
{
    transport::Entry entry;
    entry.path = path;
    entry.mode = mode;
    return entry;
}

}  // namespace

TEST_CASE("a list may have been begun unless its daemon refused it before", "[push][broken]")
{
    CHECK_FALSE(may_have_begun(error_of(ErrorKind::timeout)));  // there was no session
    CHECK(may_have_begun(broken(ErrorKind::protocol, true)));
    CHECK_FALSE(may_have_begun(broken(ErrorKind::read_only, false)));
    CHECK(may_have_begun(broken(ErrorKind::unreachable, false)));
    CHECK(may_have_begun(broken(ErrorKind::timeout, false)));
}

TEST_CASE("a session of which something was taken for granted is doubted", "[push][broken]")
{
    CHECK(doubt_about(error_of(ErrorKind::protocol), true, false) == Doubt::session);
    CHECK(doubt_about(broken(ErrorKind::unreachable, false), true, true) == Doubt::session);
    CHECK(doubt_about(broken(ErrorKind::unreachable, true), true, true) == Doubt::session);
    CHECK(doubt_about(broken(ErrorKind::unreachable, true), false, false) == Doubt::none);
}

TEST_CASE("what was sent unasked is doubted once the list was begun, unless the line failed",
          "[push][broken]")
{
    CHECK(doubt_about(broken(ErrorKind::protocol, true), true, true) == Doubt::unasked);
    CHECK(doubt_about(broken(ErrorKind::protocol, true), false, true) == Doubt::unasked);
    CHECK(doubt_about(broken(ErrorKind::timeout, true), false, true) == Doubt::none);
}

TEST_CASE("a daemon that gave up over a path is not doubted", "[push][broken]")
{
    const BrokenPush full(error_of(ErrorKind::no_space), "a/b");
    CHECK(doubt_about(full, true, true) == Doubt::none);
}

TEST_CASE("of a lost session it is known where it writes, and what it may remove", "[push][broken]")
{
    transport::PushList list;
    list.entries = {entry(".", S_IFDIR | 0755),
                    entry("listed", S_IFDIR | 0755),
                    entry("above", S_IFDIR | 0755),
                    entry("above/file", S_IFREG | 0644),
                    entry("there/file", S_IFREG | 0644),
                    entry("links/link", S_IFLNK | 0777),
                    entry("gone", 0)};
    list.entries[0].dir_kind = transport::DirKind::content;
    list.entries[1].dir_kind = transport::DirKind::content;
    list.entries[4].only_there = true;

    LostSessions lost;
    lost.add(error_of(ErrorKind::timeout), list);
    lost.add(error_of(ErrorKind::unreachable), {});

    CHECK(lost.any);
    CHECK(lost.timed_out);
    CHECK(lost.directories == std::set<std::string>{"", "above", "listed"});
    CHECK(lost.names == std::set<std::string>{"gone", "links/link"});
}
