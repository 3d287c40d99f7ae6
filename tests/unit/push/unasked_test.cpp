// What a list may say ahead of its requests and reports.
#include "agent/push/unasked.h"

#include "agent/state/index.h"
#include "tests/support/temp_tree.h"

#include <catch2/catch.hpp>

using namespace lockstep;
using namespace lockstep::push;
using lockstep::testing::TempDir;
using transport::DirKind;

namespace {

struct Known {
    TempDir dir;
    state::Index index{dir / "index", {.sent_as = "", .destinations = {"there"}}};
    Unasked unasked{std::make_shared<state::IndexReader>(dir / "index"), "there"};

    bool answers_none(transport::Entry entry)
    {
        transport::PushList list;
        list.entries.push_back(std::move(entry));
        unasked.choose(list);
        return list.reports_unanswered;
    }
};

transport::Entry directory(DirKind kind)
{
    transport::Entry entry;
    entry.path = "d";
    entry.mode = 0040755;
    entry.dir_kind = kind;
    return entry;
}

}  // namespace

TEST_CASE("reports are not answered where only files may have extended attributes",
          "[push][unasked]")
{
    Known known;
    transport::Entry tagged = directory(DirKind::plain);
    tagged.xattrs.edit().push_back({"user.note", "value"});
    transport::Entry untouched = tagged;
    untouched.dir_kind = DirKind::implied;

    CHECK(known.answers_none(directory(DirKind::plain)));
    CHECK_FALSE(known.answers_none(tagged));
    CHECK(known.answers_none(untouched));
}

TEST_CASE("what was not answered is, in the next list that sets its attributes", "[push][unasked]")
{
    Known known;
    known.unasked.wait_next_time("d");

    CHECK(known.answers_none(directory(DirKind::implied)));
    CHECK_FALSE(known.answers_none(directory(DirKind::plain)));
    CHECK(known.answers_none(directory(DirKind::plain)));
}
