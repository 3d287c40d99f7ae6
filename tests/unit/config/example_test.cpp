// The example that ships is a file that works.
#include "config/load.h"
#include "tests/support/temp_tree.h"

#include <catch2/catch.hpp>

namespace lockstep::config {
namespace {

std::string example_file()
{
    return LOCKSTEP_SOURCE_DIR "/docs/lockstep.example.yaml";
}

}  // namespace

TEST_CASE("the example loads without an error or a warning", "[config][example]")
{
    const LoadResult result = load_file(example_file());

    for (const std::string& error : result.errors) UNSCOPED_INFO(error);
    REQUIRE(result.config);
    CHECK(result.warnings.empty());
}

TEST_CASE("the example writes the defaults out, and the optional keys it says", "[config][example]")
{
    const LoadResult result = load_file(example_file());
    REQUIRE(result.config);

    Config expected;
    expected.service.listen = "127.0.0.1:9477";
    expected.log.file = "/var/log/lockstep.log";
    Mapping mapping;
    mapping.name = "web";
    mapping.source = "/srv/web";
    mapping.exclude = {"*.tmp", "/cache/", ".git/"};
    mapping.destinations.resize(4);
    mapping.destinations[0].url = *parse_destination_url("rsync://198.51.100.7:873/web/site").url;
    mapping.destinations[1].url =
        *parse_destination_url("ssh://backup@backup.example:2222/srv/mirror/web").url;
    mapping.destinations[2].url = *parse_destination_url("file:///mnt/mirror/web").url;
    mapping.destinations[3].url = *parse_destination_url("rsync://user1@backup.example/web").url;
    mapping.destinations[3].password_file = "/etc/lockstep/web.secret";
    expected.mappings.push_back(mapping);
    CHECK(*result.config == expected);
}

}  // namespace lockstep::config
