// A compare over several sessions beside one another.
#include "tests/support/agent.h"
#include "tests/support/proxy.h"
#include "tests/support/real_daemon.h"
#include "tests/support/tree_equal.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <string>

namespace lockstep::testing {

using std::chrono::seconds;

namespace {

constexpr int directories = 30;
constexpr int files = 40;

// Pieces of a few directories each.
const std::vector<std::string> small_pieces{"batch: { max_files: 100 }"};

void make_tree(const std::string& root, int first = 0)
{
    for (int d = 0; d < directories; ++d)
        for (int f = first; f < first + files; ++f) {
            const std::string up = root + "/d" + std::to_string(d % 7) + "/e" + std::to_string(d);
            write_file(up + "/f" + std::to_string(f), std::to_string(d * 1000 + f));
        }
}

AgentConfig over(const TempDir& dir, const std::string& url, std::vector<std::string> lines,
                 std::vector<std::string> mapping_lines = small_pieces)
{
    AgentConfig config = config_of("web", dir / "src", {url}, mapping_lines);
    lines.emplace_back("warm_sessions: 0");
    config.mappings[0].destinations[0].lines = std::move(lines);
    return config;
}

}  // namespace

TEST_CASE("a first compare goes over as many sessions as `connections` says", "[e2e][connections]")
{
    const TempDir dir;
    make_tree(dir / "src");
    write_file(dir / "src/linked/one", "two names");
    make_hard_link(dir / "src/linked/one", dir / "src/d0/two");
    make_dirs(dir / "dst");
    RealDaemon daemon({{.name = "m", .path = dir / "dst"}});
    const auto wanted = GENERATE(1U, 4U);
    // Slow enough that every session is still there when the next could begin.
    Proxy proxy(daemon.port(), {.delay_up = std::chrono::milliseconds(20)});
    Agent agent(
        over(dir, daemon.url_at(proxy.port(), "m"), {"connections: " + std::to_string(wanted)}));

    CHECK(agent.flush() == 0);
    CHECK(tree_differences(dir / "src", dir / "dst") == Lines{});
    // A connection is open at the proxy for a while longer than at its ends.
    const std::size_t most_open = proxy.counters().most_open;
    CHECK(most_open >= wanted);
    CHECK(most_open <= 2 * wanted);
}

TEST_CASE("a daemon with fewer slots than `connections` gets all the same", "[e2e][connections]")
{
    const TempDir dir;
    make_tree(dir / "src");
    make_dirs(dir / "dst");
    const auto slots = GENERATE(1, 2);
    RealDaemon daemon({{.name = "m",
                        .path = dir / "dst",
                        .lines = {"max connections = " + std::to_string(slots)}}});
    Agent agent(
        over(dir, daemon.url("m"), {"connections: 4", "retry: { initial: 50ms, max: 500ms }"}));

    CHECK(agent.flush() == 0);
    CHECK(tree_differences(dir / "src", dir / "dst") == Lines{});
    CHECK(agent.destination("web").at("retries").as_int64() == 0);
}

TEST_CASE("sessions beside one another share what max_delete allows", "[e2e][connections]")
{
    const TempDir dir;
    make_tree(dir / "src");
    make_tree(dir / "dst", files);  // none of it is at the source: 1200 to be deleted
    RealDaemon daemon({{.name = "m", .path = dir / "dst"}});
    const std::string one_directory_lacks = GENERATE("1199", "1200");
    Agent agent(over(dir, daemon.url("m"), {"connections: 4"},
                     {small_pieces[0], "max_delete: " + one_directory_lacks}));

    if (one_directory_lacks == "1200") {
        CHECK(agent.flush() == 0);
    } else {
        CHECK(agent.wait_state("web", 0, "stopped"));
        std::size_t extras = 0;
        for (int d = 0; d < directories; ++d)
            extras += names_in(dir / ("dst/d" + std::to_string(d % 7) + "/e" + std::to_string(d)))
                          .size() -
                      files;
        CHECK(extras == 1);
        CHECK(agent.command({"resume", "--accept-deletes", "web"}) == 0);
        CHECK(agent.flush() == 0);
    }
    CHECK(tree_differences(dir / "src", dir / "dst") == Lines{});
}

}  // namespace lockstep::testing
