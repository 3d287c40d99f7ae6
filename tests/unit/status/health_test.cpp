#include "agent/status/health.h"

#include "tests/unit/status/sample.h"

#include <catch2/catch.hpp>

namespace lockstep::status {
namespace {

Snapshot with(DestinationState state, std::chrono::milliseconds lag = {})
{
    Snapshot snapshot = contract_example();
    snapshot.mappings[0].destinations[0].state = state;
    snapshot.mappings[0].destinations[0].lag = lag;
    return snapshot;
}

}  // namespace

TEST_CASE("live mappings with destinations in step, connecting or syncing are healthy",
          "[status][health]")
{
    CHECK(health_of(with(DestinationState::in_step)).ok());
    CHECK(health_of(with(DestinationState::connecting)).ok());
    CHECK(health_of(with(DestinationState::syncing, std::chrono::milliseconds(59'999))).ok());
    CHECK(health_of(Snapshot{}).ok());
}

TEST_CASE("a destination a minute behind is not healthy", "[status][health]")
{
    const Health health = health_of(with(DestinationState::syncing, std::chrono::seconds(60)));

    CHECK(health.reasons == std::vector<std::string>{
                                "mapping web: destination rsync://user1@198.51.100.7:873/web/site: "
                                "syncing, 60000 ms behind"});
}

TEST_CASE("waiting and stopped destinations are not healthy", "[status][health]")
{
    CHECK_FALSE(health_of(with(DestinationState::waiting)).ok());
    CHECK_FALSE(health_of(with(DestinationState::stopped)).ok());
}

TEST_CASE("a mapping that is not live is not healthy", "[status][health]")
{
    Snapshot snapshot = contract_example();
    snapshot.mappings[0].state =
        GENERATE(MappingState::scanning, MappingState::rescanning, MappingState::paused,
                 MappingState::source_missing, MappingState::failed);

    CHECK_FALSE(health_of(snapshot).ok());
}

TEST_CASE("every reason names mapping, state and the daemon's words", "[status][health]")
{
    CHECK(health_of(troubled_example()).reasons ==
          std::vector<std::string>{
              "mapping web: destination rsync://user1@198.51.100.7:873/web/site: waiting: "
              "unreachable: connect to 198.51.100.7 port 873: Connection refused",
              "mapping mail: source_missing: the source is empty and was not"});
}

}  // namespace lockstep::status
