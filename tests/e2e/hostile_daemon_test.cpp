// A destination that misbehaves costs its own attempts, bounded memory and nothing else.
#include "tests/support/agent.h"
#include "tests/support/fake_daemon.h"
#include "tests/support/real_daemon.h"
#include "tests/support/tree_equal.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <string>

namespace lockstep::testing {

using std::chrono::seconds;
using namespace std::string_literals;

namespace {

constexpr std::size_t agent_bytes_max = 64 * 1024 * 1024;

// Index 1, the first file of a list whose index 0 is its directory.
const std::string request = "\x02\0\x80"s;

ScriptedServer::Conversation saying_on(const std::string& first, const std::string& then)
{
    return let_in([first, then](int socket) {
        std::string block;
        while (block.size() < 60'000) block += then;
        send_all(socket, first);
        say_on_and_on(socket, block);
    });
}

struct Misbehaviour {
    std::string name;
    ScriptedServer::Conversation conversation;
    std::string kind;  // of last_error
};

std::vector<Misbehaviour> misbehaviours()
{
    const std::string many_sums =
        daemon_says::stream(request + daemon_says::sum_head(1U << 27, 1 << 17, 16, 0));
    return {
        {"complains without end", let_in([](int socket) {
             say_on_and_on(socket, daemon_says::frame(1, std::string(65000, '\x01')));
         }),
         "protocol"},
        {"complains of every path, at length", let_in([](int socket) {
             const std::string complaint =
                 "rsync: mkdir \"/\" (in m) failed: " + std::string(60'000, '\x01') +
                 "No such thing (28)\n";
             for (int i = 0; i < 2000; ++i)
                 if (!send_all(socket, daemon_says::frame(1, complaint))) return;
         }),
         "unreachable"},
        {"has a basis of any size", let_in([many_sums](int socket) {
             send_all(socket, many_sums);
             const std::string sums = daemon_says::stream(std::string(65520, 's'));
             for (int i = 0; i < 3000; ++i)
                 if (!send_all(socket, sums)) return;
         }),
         "unreachable"},
        {"reports without end", saying_on("", daemon_says::stream("\x02\0\0\xfe\0\0\0\0"s)),
         "protocol"},
        {"asks for what is not there", let_in([](int socket) {
             send_all(socket, daemon_says::stream("\xfe\x7f\xff\0\x80"s));
             listen_on_and_on(socket);
         }),
         "protocol"},
        {"hangs up after the list", let_in([](int) {}), "unreachable"},
        {"says nothing any more", let_in(listen_on_and_on), "timeout"},
    };
}

}  // namespace

TEST_CASE("a hostile destination keeps nobody else waiting and takes no memory", "[e2e][hostile]")
{
    const Misbehaviour hostile = GENERATE(from_range(misbehaviours()));
    INFO("a daemon that " << hostile.name);
    const TempDir dir;
    for (int i = 0; i < 500; ++i)
        write_file(dir / ("src/f" + std::to_string(i)), std::string(2000, 'x'));
    make_dirs(dir / "dst");
    const ScriptedServer server(hostile.conversation);
    RealDaemon daemon({{.name = "m", .path = dir / "dst"}});
    AgentConfig config =
        config_of("web", dir / "src",
                  {"rsync://127.0.0.1:" + std::to_string(server.port()) + "/m", daemon.url("m")});
    config.mappings[0].destinations[0].lines = {"timeout: 1s",
                                                "retry: { initial: 20ms, max: 200ms }"};
    Agent agent(config);

    const auto kind = [&]() -> std::string {
        const boost::json::value error = agent.destination("web", 0).at("last_error");
        return error.is_null() ? "" : std::string(error.at("kind").as_string());
    };
    REQUIRE(until([&] { return !kind().empty(); }, seconds(60)));
    REQUIRE(kind() == hostile.kind);
    const std::size_t connections = server.connections();
    CHECK(until([&] { return server.connections() >= connections + 2; }, seconds(60)));

    REQUIRE(agent.wait_state("web", 1, "in_step"));
    write_file(dir / "src/later", "content");
    CHECK(until([&] { return exists(dir / "dst/later"); }, seconds(30)));
    CHECK(
        until([&] { return tree_differences(dir / "src", dir / "dst") == Lines{}; }, seconds(30)));
    if (patience == 1)  // a sanitizer keeps what is freed
        CHECK(peak_resident_bytes(agent.pid()) < agent_bytes_max);
    CHECK(agent.stop() == 0);
}

}  // namespace lockstep::testing
