// What goes wrong at a destination, and how long it is left alone.
#include "agent/troubles.h"

#include <catch2/catch.hpp>

namespace lockstep::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Troubles::TimePoint start{seconds(1000)};
const config::Retry retry{milliseconds(1000), milliseconds(60'000)};

Trouble trouble_of(const std::string& message, ErrorKind kind = ErrorKind::unreachable,
                   Remedy remedy = Remedy::retry)
{
    return Trouble(Error(kind, remedy, message));
}

TEST_CASE("sessions wait longer after each that fails, and not at all after one that worked",
          "[agent][troubles]")
{
    Troubles troubles(retry, config::Scheme::rsync);
    CHECK_FALSE(troubles.waits_until(start));

    for (const int full : {1, 2, 4, 8}) {
        troubles.note_failed_session(trouble_of("refused"), start);
        REQUIRE(troubles.waits_until(start));
        CHECK(*troubles.waits_until(start) >= start + seconds(full) / 2);
        CHECK(*troubles.waits_until(start) <= start + seconds(full));
        CHECK_FALSE(troubles.waits_until(start + seconds(full)));
    }
    CHECK(troubles.of_session());
    CHECK(troubles.cut_off());

    troubles.session_worked();
    CHECK_FALSE(troubles.waits_until(start));
    CHECK_FALSE(troubles.of_session());
    troubles.note_failed_session(trouble_of("refused"), start);
    CHECK(*troubles.waits_until(start) <= start + seconds(1));
}

TEST_CASE("what needs a person waits the longest, unless a person says that it is tried",
          "[agent][troubles]")
{
    Troubles troubles(retry, config::Scheme::rsync);

    troubles.note_failed_session(trouble_of("password", ErrorKind::auth, Remedy::needs_person),
                                 start);
    CHECK(troubles.needs_person());
    CHECK(troubles.waits_until(start) == start + retry.max);

    troubles.try_again();
    CHECK_FALSE(troubles.waits_until(start));
    CHECK(troubles.needs_person());  // until a session works
}

TEST_CASE("trouble with a path is no news of the sessions", "[agent][troubles]")
{
    Troubles troubles(retry, config::Scheme::rsync);
    troubles.note_failed_session(trouble_of("password", ErrorKind::auth, Remedy::needs_person),
                                 start);

    troubles.note(trouble_of("cannot be read", ErrorKind::permission, Remedy::skip_path));

    CHECK(troubles.needs_person());
    CHECK(troubles.last()->message == "cannot be read");
}

TEST_CASE("the return of the source ends no trouble but that with it", "[agent][troubles]")
{
    Troubles troubles(retry, config::Scheme::rsync);
    const bool of_source = GENERATE(true, false);

    troubles.note_failed_session(
        trouble_of("why", of_source ? ErrorKind::source : ErrorKind::timeout), start);
    troubles.source_is_back();

    CHECK(troubles.of_session() != of_source);
    CHECK(troubles.waits_until(start).has_value() != of_source);
    CHECK(troubles.last());
}

TEST_CASE("a trouble is new unless it is what was noted last", "[agent][troubles]")
{
    Troubles troubles(retry, config::Scheme::rsync);

    CHECK(troubles.note(trouble_of("a")));
    CHECK_FALSE(troubles.note(trouble_of("a")));
    CHECK(troubles.note(trouble_of("b")));
    CHECK(troubles.note(trouble_of("a")));
    troubles.forget_last();
    CHECK(troubles.note(trouble_of("a")));
    CHECK_FALSE(troubles.of_session());
}

TEST_CASE("the status has the number of troubles and the first paths of the last",
          "[agent][troubles]")
{
    Troubles troubles(retry, config::Scheme::rsync);
    Trouble many = trouble_of("two\nlines", ErrorKind::permission, Remedy::skip_path);
    for (int i = 0; i < 30; ++i) many.paths.push_back("p\n" + std::to_string(i));

    status::Destination told;
    troubles.tell(told);
    CHECK(told == status::Destination{});
    troubles.note(trouble_of("before"));
    troubles.note(many);
    troubles.tell(told);

    CHECK(told.errors == 2);
    REQUIRE(told.last_error);
    CHECK(told.last_error->kind == "permission");
    CHECK(told.last_error->message == "two\nlines");
    CHECK(told.last_error->paths.size() == Troubles::paths_shown_max);
    CHECK(told.last_error->paths.front() == "p\\x0a0");
}

TEST_CASE("paths are set aside until many in a row were", "[agent][troubles]")
{
    Troubles troubles(retry, config::Scheme::rsync);
    int count = 0;
    for (; troubles.may_set_aside() && count < 100; ++count) troubles.path_set_aside();
    CHECK(count > 1);
    CHECK(count < 100);

    troubles.session_worked();
    CHECK(troubles.may_set_aside());
}

}  // namespace
}  // namespace lockstep::agent
