#include "agent/status/metrics.h"

#include "tests/unit/status/sample.h"

#include <catch2/catch.hpp>

#include <map>
#include <regex>
#include <set>

namespace lockstep::status {
namespace {

// Samples by their name and labels, read with the format's own grammar; a line that does not fit it
// fails the test.
std::map<std::string, double> samples(const std::string& text)
{
    static const std::regex comment(R"(# (HELP|TYPE) [a-zA-Z_:][a-zA-Z0-9_:]* .+)");
    static const std::regex sample(
        R"rx(([a-zA-Z_:][a-zA-Z0-9_:]*(?:\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*\})?) (\S+))rx");
    std::map<std::string, double> all;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        std::smatch match;
        if (std::regex_match(line, comment)) continue;
        INFO("line: " << line);
        REQUIRE(std::regex_match(line, match, sample));
        REQUIRE(all.emplace(match[1], std::stod(match[2])).second);  // no sample twice
    }
    return all;
}

const std::string of_destination =
    R"({mapping="web",destination="rsync://user1@198.51.100.7:873/web/site"})";

std::string of_bucket(const std::string& bound)
{
    return R"(lockstep_latency_seconds_bucket{mapping="web",)"
           R"(destination="rsync://user1@198.51.100.7:873/web/site",le=")" +
           bound + R"("})";
}

}  // namespace

TEST_CASE("counters and gauges carry mapping and destination", "[status][metrics]")
{
    const auto all = samples(metrics_text(contract_example()));

    CHECK(all.at("lockstep_files_sent_total" + of_destination) == 120);
    CHECK(all.at("lockstep_matched_bytes_total" + of_destination) == 2300000);
    CHECK(all.at("lockstep_pending" + of_destination) == 0);
    CHECK(all.at(R"(lockstep_events_total{mapping="web",kind="delete"})") == 1);
    CHECK(all.at("lockstep_inotify_max_user_watches") == 1048576);
    CHECK(all.at(R"(lockstep_info{version="0.1.0"})") == 1);
}

TEST_CASE("lag is told in seconds", "[status][metrics]")
{
    const auto all = samples(metrics_text(troubled_example()));

    CHECK(all.at("lockstep_lag_seconds" + of_destination) == 61.5);
}

TEST_CASE("exactly one state of a destination is 1", "[status][metrics]")
{
    const auto all = samples(metrics_text(troubled_example()));

    std::set<std::string> current;
    for (const auto& [name, value] : all)
        if (name.starts_with("lockstep_destination_state{") && value == 1) current.insert(name);
    REQUIRE(current.size() == 1);
    CHECK(current.begin()->find(R"(state="waiting")") != std::string::npos);
}

TEST_CASE("latency buckets are cumulative, in seconds, and end at infinity", "[status][metrics]")
{
    const auto all = samples(metrics_text(contract_example()));

    CHECK(all.at(of_bucket("0.001")) == 2);
    CHECK(all.at(of_bucket("0.005")) == 62);
    CHECK(all.at(of_bucket("0.01")) == 112);
    CHECK(all.at(of_bucket("+Inf")) == 120);
    CHECK(all.at("lockstep_latency_seconds_count" + of_destination) == 120);
    CHECK(all.at("lockstep_latency_seconds_sum" + of_destination) == Approx(0.5005));
}

TEST_CASE("label values with quotes, line breaks and bad bytes stay one sample",
          "[status][metrics]")
{
    Snapshot snapshot = contract_example();
    snapshot.mappings[0].destinations[0].url = "file:///a\"b\\c\nd\xff";

    CHECK_NOTHROW(samples(metrics_text(snapshot)));
}

TEST_CASE("an agent without mappings has metrics of its own alone", "[status][metrics]")
{
    Snapshot snapshot = contract_example();
    snapshot.mappings.clear();

    const std::string text = metrics_text(snapshot);

    CHECK(text.find("lockstep_pending") == std::string::npos);
    CHECK(samples(text).size() == 5);
}

}  // namespace lockstep::status
