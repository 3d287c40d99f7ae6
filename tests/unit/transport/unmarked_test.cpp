#include "transport/unmarked.h"

#include <catch2/catch.hpp>

#include <sys/stat.h>

using namespace lockstep::transport;

namespace {

Entry directory(const std::string& path, DirKind kind = DirKind::plain)
{
    Entry entry;
    entry.path = path;
    entry.mode = S_IFDIR | 0755;
    entry.dir_kind = kind;
    return entry;
}

Entry file(const std::string& path)
{
    Entry entry;
    entry.path = path;
    entry.mode = S_IFREG | 0644;
    return entry;
}

Entry mark(const std::string& path)
{
    Entry entry;
    entry.path = path;
    return entry;
}

}  // namespace

TEST_CASE("a list without marks stays as it is, and needs no rules", "[transport][unmarked]")
{
    const PushList list{{directory("."), directory("d"), file("d/f")}, 0};

    CHECK(without_marks(list, 27) == Unmarked{list, {}});
    CHECK(without_marks(list, 30) == Unmarked{list, {}});
}

TEST_CASE("a mark becomes an exception to the protection of its directory", "[transport][unmarked]")
{
    const PushList list{{directory("."), directory("d"), file("d/f"), directory("e[1]"),
                         mark("d/gone"), mark("e[1]/*")},
                        0};

    const Unmarked from_30 = without_marks(list, 30);
    CHECK(from_30.list.entries == std::vector{directory("."), directory("d", DirKind::content),
                                              file("d/f"), directory("e[1]", DirKind::content)});
    CHECK(from_30.rules ==
          std::vector<std::string>{"+ /d/gone", "+ /e\\[1]/\\*", "- /d/*", "- /e\\[1]/*"});

    // All of them count as content, and so all of them are protected.
    const Unmarked before = without_marks(list, 29);
    CHECK(before.list.entries[0].dir_kind == DirKind::content);
    CHECK(before.rules ==
          std::vector<std::string>{"+ /d/gone", "+ /e\\[1]/\\*", "- /*", "- /d/*", "- /e\\[1]/*"});
}
