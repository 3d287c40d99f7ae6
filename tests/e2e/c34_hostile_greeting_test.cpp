#include "tests/support/agent.h"
#include "tests/support/scripted_server.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <string>

namespace lockstep::testing {

using std::chrono::seconds;

namespace {

const std::string greeting = "@RSYNCD: 31.0 sha512 sha256 sha1 md5 md4\n";

// An agent with such a daemon as its only destination: one clear error that has `words` in it, then
// it waits without growing, spinning or knocking again and again.
void expect_one_clear_error(const ScriptedServer::Conversation& conversation,
                            const std::string& words)
{
    const TempDir dir;
    write_file(dir / "src/file", "content");
    // The agent says its greeting and the module at once; unheard, they would make the end a reset.
    ScriptedServer server([&conversation](int socket) {
        receive_line(socket, seconds(20));
        receive_line(socket, seconds(20));
        conversation(socket);
    });
    AgentConfig config = config_of("web", dir / "src",
                                   {"rsync://127.0.0.1:" + std::to_string(server.port()) + "/m"});
    config.mappings[0].destinations[0].lines = {"timeout: 5s", "retry: { initial: 2s, max: 1h }"};
    Agent agent(config);
    const std::uint64_t resident = resident_bytes(agent.pid());

    REQUIRE(
        until([&] { return !agent.destination("web").at("last_error").is_null(); }, seconds(30)));
    const boost::json::object row = agent.destination("web");
    const std::string state(row.at("state").as_string());
    CHECK((state == "waiting" || state == "stopped"));
    const boost::json::object error = row.at("last_error").as_object();
    CHECK_THAT(std::string(error.at("message").as_string()), Catch::Contains(words));
    CHECK(error.at("message").as_string().size() < 600);
    CHECK(error.at("message").as_string().find('\n') == boost::json::string::npos);

    // A second and more of backoff: at most two attempts fall into it.
    const std::size_t connections = server.connections();
    const std::chrono::milliseconds cpu = cpu_time(agent.pid());
    CHECK_FALSE(until([&] { return server.connections() > connections + 3; }, seconds(2)));
    CHECK(cpu_time(agent.pid()) - cpu < std::chrono::milliseconds(1000) * patience);
    if (patience == 1)  // a sanitizer keeps what is freed
        CHECK(resident_bytes(agent.pid()) < resident + 30'000'000);
    CHECK(agent.stop() == 0);
}

}  // namespace

TEST_CASE("a message of the day without end is one clear error", "[e2e][C34]")
{
    expect_one_clear_error(
        [](int socket) {
            send_all(socket, greeting);
            const std::string line = std::string(200, 'w') + "elcome\n";
            while (send_all(socket, line)) {
            }
        },
        "message of the day longer than");
}

TEST_CASE("a greeting of something else is one clear error", "[e2e][C34]")
{
    expect_one_clear_error([](int socket) { send_all(socket, "SSH-2.0-OpenSSH_9.2\r\n"); },
                           "no rsync daemon answers");
}

TEST_CASE("a protocol of the future that is none is one clear error", "[e2e][C34]")
{
    expect_one_clear_error(
        [](int socket) {
            send_all(socket, "@RSYNCD: 99.0 md5\n");
            send_all(socket, "@RSYNCD: OK\n" + std::string(100'000, '\xff'));
            receive_some(socket, 1, seconds(2));
        },
        "setup: compat flags");
}

TEST_CASE("the end of the stream within the greeting is one clear error", "[e2e][C34]")
{
    expect_one_clear_error([](int socket) { send_all(socket, "@RSYNCD:"); }, "greeting");
}

TEST_CASE("a line of a megabyte is one clear error", "[e2e][C34]")
{
    expect_one_clear_error(
        [](int socket) {
            send_all(socket, std::string(1'000'000, 'x'));
            receive_some(socket, 1, seconds(2));
        },
        "greeting");
}

TEST_CASE("silence before the greeting is one clear error", "[e2e][C34]")
{
    expect_one_clear_error(
        [](int socket) {
            while (const std::optional<std::string> said = receive_some(socket, 1000, seconds(60)))
                if (said->empty()) return;
        },
        "timed out");
}

}  // namespace lockstep::testing
