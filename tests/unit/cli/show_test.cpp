#include "agent/cli/show.h"

#include "agent/status/json.h"
#include "tests/unit/status/sample.h"

#include <catch2/catch.hpp>

namespace lockstep::cli {
namespace {

StatusView view_of(const status::Snapshot& snapshot)
{
    return status_view(status::to_json(snapshot));
}

StatusView with_state(const std::string& mapping, const std::string& destination)
{
    StatusView view = view_of(status::contract_example());
    view.mappings[0].state = mapping;
    view.mappings[0].destinations[0].state = destination;
    return view;
}

}  // namespace

TEST_CASE("a status is a line for each destination", "[cli][show]")
{
    CHECK(table(view_of(status::contract_example()), false) ==
          "lockstep 0.1.0, pid 4242, running since 2026-11-25T10:00:00Z, 1204 of 1048576 watches\n"
          "\n"
          "web  /srv/web  live, 1204 directories\n"
          "  DESTINATION                              STATE    PENDING   LAG  FILES      SENT\n"
          "  rsync://user1@198.51.100.7:873/web/site  in_step        0  0 ms    120  79.3 KiB\n");
}

TEST_CASE("what is wrong stands beneath with paths, advice and the next try", "[cli][show]")
{
    CHECK(table(view_of(status::troubled_example()), false) ==
          "lockstep 0.1.0, pid 4242, running since 2026-11-25T10:00:00Z, 1204 of 1048576 watches\n"
          "\n"
          "web  /srv/web  live, 1204 directories, 7 of them polled\n"
          "  unreadable: secret\n"
          "  DESTINATION                              STATE    PENDING     LAG  FILES      SENT\n"
          "  rsync://user1@198.51.100.7:873/web/site  waiting       12  61.5 s    120  79.3 KiB\n"
          "    2026-11-25T10:06:00.500Z unreachable: connect to 198.51.100.7 port 873: Connection "
          "refused\n"
          "      a/b\n"
          "      c\\xff\n"
          "    advice: start the daemon, or check the firewall\n"
          "    next try: 2026-11-25T10:07:00.000Z\n"
          "\n"
          "mail  /srv/mail  source_missing, 1204 directories, 7 of them polled\n"
          "  the source is empty and was not\n"
          "  unreadable: secret\n");
}

TEST_CASE("colours paint states and move no column", "[cli][show]")
{
    const StatusView view = view_of(status::troubled_example());
    std::string painted = table(view, true);
    REQUIRE(painted.find("\x1b[32mlive\x1b[0m") != std::string::npos);
    REQUIRE(painted.find("\x1b[1;31mwaiting\x1b[0m") != std::string::npos);

    for (std::size_t at = 0; (at = painted.find('\x1b', at)) != std::string::npos;)
        painted.erase(at, painted.find('m', at) - at + 1);

    CHECK(painted == table(view, false));
}

TEST_CASE("columns count characters, not bytes", "[cli][show]")
{
    StatusView view = view_of(status::contract_example());
    view.mappings[0].destinations[0].url = "file:///\xc3\xa9";  // 9 characters
    view.mappings[0].destinations.push_back(view.mappings[0].destinations[0]);
    view.mappings[0].destinations[1].url = "file:///e";

    const std::string text = table(view, false);

    CHECK(text.find("file:///\xc3\xa9    in_step") != std::string::npos);
    CHECK(text.find("file:///e    in_step") != std::string::npos);
}

TEST_CASE("control characters of an answer do not reach the terminal", "[cli][show]")
{
    const StatusView view = status_view(
        R"({"version":"\u001b[2J","mappings":[{"name":"a\nb","detail":"\u0007\u007f"}]})");

    CHECK(view.version == "?[2J");
    CHECK(view.mappings[0].name == "a?b");
    CHECK(view.mappings[0].detail == "??");
}

TEST_CASE("an answer that lacks keys or has strange ones is shown all the same", "[cli][show]")
{
    const StatusView view = status_view(
        R"({"pid":-1,"started_at":7,"mappings":[{"name":"web","destinations":[{"last_error":{}},3]},null]})");

    CHECK(view.mappings.size() == 1);
    CHECK(view.mappings[0].destinations.size() == 1);
    CHECK_FALSE(table(view, true).empty());
    CHECK_THROWS_AS(status_view("[]"), NotUnderstood);
    CHECK_THROWS_AS(status_view("{}"), NotUnderstood);
    CHECK_THROWS_AS(status_view("<html>"), NotUnderstood);
}

TEST_CASE("lags and sizes are shown in the unit that fits", "[cli][show]")
{
    CHECK(lag_text(0) == "0 ms");
    CHECK(lag_text(999) == "999 ms");
    CHECK(lag_text(1000) == "1.0 s");
    CHECK(lag_text(119'999) == "120.0 s");
    CHECK(lag_text(120'000) == "2 min");
    CHECK(lag_text(7'200'000) == "2.0 h");
    CHECK(bytes_text(0) == "0 B");
    CHECK(bytes_text(1023) == "1023 B");
    CHECK(bytes_text(1024) == "1.0 KiB");
    CHECK(bytes_text(1024 * 1024 - 1) == "1.0 MiB");
    CHECK(bytes_text(UINT64_MAX) == "16.0 EiB");
}

TEST_CASE("in step and syncing are fine, anything else is degraded", "[cli][show]")
{
    CHECK_FALSE(is_degraded(with_state("live", "in_step")));
    CHECK_FALSE(is_degraded(with_state("scanning", "syncing")));
    CHECK_FALSE(is_degraded(with_state("rescanning", "in_step")));
    for (const char* state : {"connecting", "waiting", "stopped", "of the future"})
        CHECK(is_degraded(with_state("live", state)));
    for (const char* state : {"paused", "source_missing", "failed", "of the future"})
        CHECK(is_degraded(with_state(state, "in_step")));
}

}  // namespace lockstep::cli
