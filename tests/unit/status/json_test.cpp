#include "agent/status/json.h"

#include "tests/unit/status/sample.h"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <catch2/catch.hpp>

#include <limits>

namespace lockstep::status {
namespace {

namespace json = boost::json;

json::value parsed(const std::string& text)
{
    return json::parse(text);  // throws for what is not JSON, or not UTF-8
}

}  // namespace

TEST_CASE("the contract's example is told in the contract's words", "[status][json]")
{
    CHECK(to_json(contract_example()) ==
          R"({"version":"0.1.0","pid":4242,"started_at":"2026-11-25T10:00:00Z","state":"running",)"
          R"("inotify":{"watches":1204,"max_user_watches":1048576,"queue_overflows":0},)"
          R"("mappings":[{"name":"web","source":"/srv/web","state":"live","detail":"",)"
          R"("directories":1204,"watches":1204,"polled_directories":0,"queue_overflows":0,)"
          R"("unreadable":[],)"
          R"("events":{"create":10,"modify":4,"move":2,"delete":1,"attrib":0},)"
          R"("destinations":[{"url":"rsync://user1@198.51.100.7:873/web/site","state":"in_step",)"
          R"("pending":0,"lag_ms":0,"in_step_at":"2026-11-25T10:05:12.120Z","retry_at":null,)"
          R"("protocol":32,"checksum":"xxh128","compress":"zstd",)"
          R"("files_sent":120,"files_deleted":3,"moves":2,"bytes_sent":81234,)"
          R"("literal_bytes":70000,"matched_bytes":2300000,)"
          R"("sessions":14,"retries":0,"errors":0,)"
          R"("latency_ms":{"p50":4.1,"p90":6,"p99":11.2},"last_error":null}]}]})");
}

TEST_CASE("a last error is told with its kind, paths and advice", "[status][json]")
{
    const json::value told = parsed(to_json(troubled_example().mappings[0]));

    const json::value& error = told.at("destinations").at(0).at("last_error");
    CHECK(error == json::value{{"at", "2026-11-25T10:06:00.500Z"},
                               {"kind", "unreachable"},
                               {"message", "connect to 198.51.100.7 port 873: Connection refused"},
                               {"paths", json::array{"a/b", "c\\xff"}},
                               {"advice", "start the daemon, or check the firewall"}});
    CHECK(told.at("destinations").at(0).at("retry_at") == "2026-11-25T10:07:00.000Z");
    CHECK(told.at("destinations").at(0).at("lag_ms") == 61'500);
}

TEST_CASE("the JSON is valid whatever bytes the strings hold", "[status][json]")
{
    std::mt19937 random(Catch::rngSeed());
    std::string bytes(GENERATE(1, 2, 3, 7, 64), '\0');
    for (int i = 0; i < 200; ++i) {
        for (char& c : bytes) c = static_cast<char>(random());
        Snapshot snapshot = troubled_example();
        snapshot.version = snapshot.mappings[0].name = snapshot.mappings[0].source = bytes;
        snapshot.mappings[0].unreadable = {bytes};
        snapshot.mappings[0].destinations[0].last_error->message = bytes;

        INFO("bytes of seed " << Catch::rngSeed() << ", round " << i);
        REQUIRE_NOTHROW(parsed(to_json(snapshot)));
    }
}

TEST_CASE("numbers that JSON cannot say become 0", "[status][json]")
{
    Snapshot snapshot = contract_example();
    Latency& latency = snapshot.mappings[0].destinations[0].latency;
    latency.p50 = std::numeric_limits<double>::infinity();
    latency.p90 = std::numeric_limits<double>::quiet_NaN();

    const json::value told = parsed(to_json(snapshot.mappings[0]));

    CHECK(told.at("destinations").at(0).at("latency_ms").at("p50").to_number<double>() == 0);
    CHECK(told.at("destinations").at(0).at("latency_ms").at("p90").to_number<double>() == 0);
}

TEST_CASE("counters beyond 63 bits are told exactly", "[status][json]")
{
    Snapshot snapshot = contract_example();
    snapshot.mappings[0].destinations[0].bytes_sent = std::numeric_limits<std::uint64_t>::max();

    CHECK(to_json(snapshot).find("\"bytes_sent\":18446744073709551615,") != std::string::npos);
}

TEST_CASE("a command's result is told with all four keys", "[status][json]")
{
    CHECK(to_json(CommandResult{true, "in step", {}, {}}) ==
          R"({"ok":true,"message":"in step","paths":[],"errors":[]})");
    CHECK(to_json(CommandResult{false, "timed \"out\"", {"a"}, {"f:1:2: x"}}) ==
          R"({"ok":false,"message":"timed \"out\"","paths":["a"],"errors":["f:1:2: x"]})");
    CHECK(error_json("no") == R"({"ok":false,"message":"no","paths":[],"errors":[]})");
}

TEST_CASE("times before 1970 and at the last millisecond are told right", "[status][json]")
{
    CHECK(timestamp(WallTime(std::chrono::milliseconds(-1))) == "1969-12-31T23:59:59.999Z");
    CHECK(timestamp(WallTime(std::chrono::milliseconds(999))) == "1970-01-01T00:00:00.999Z");
}

}  // namespace lockstep::status
