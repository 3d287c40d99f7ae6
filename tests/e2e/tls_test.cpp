// rsyncs:// as its users meet it.
#include "tests/support/agent.h"
#include "tests/support/certificates.h"
#include "tests/support/real_daemon.h"
#include "tests/support/tls_front.h"
#include "tests/support/tree_equal.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

namespace lockstep::testing {

using std::chrono::seconds;

namespace {

struct Mirror {
    TempDir dir;
    RealDaemon daemon;
    Authority authority{"the right one"};
    TlsFront front;

    explicit Mirror(bool asks_for_ours = false)
        : daemon({{.name = "m", .path = prepared(dir), .user = "u", .password = "p"}}),
          front(daemon.port(), authority.issue(),
                asks_for_ours
                    ? Lines{"verify = 2", "requireCert = yes", "CAfile = " + authority.file()}
                    : Lines{})
    {
    }

    static std::string prepared(const TempDir& dir)
    {
        write_file(dir / "src/before/f", random_bytes(400'000, 1));
        make_dirs(dir / "dst");
        return dir / "dst";
    }

    AgentConfig config(const std::string& ca_file) const
    {
        AgentConfig config = config_of(
            "web", dir / "src", {"rsyncs://u@localhost:" + std::to_string(front.port()) + "/m"});
        config.mappings[0].destinations[0].password = "p";
        if (!ca_file.empty()) config.mappings[0].destinations[0].lines = {"ca_file: " + ca_file};
        return config;
    }

    Lines differences() const { return tree_differences(dir / "src", dir / "dst"); }
};

}  // namespace

TEST_CASE("changes arrive over TLS, by sessions that are warm", "[e2e][tls]")
{
    Mirror mirror;
    Agent agent(mirror.config(mirror.authority.file()));
    REQUIRE(agent.flush() == 0);
    REQUIRE(until([&] { return !mirror.daemon.sessions().empty(); }, seconds(20)));

    for (int i = 0; i < 10; ++i) {
        write_file(mirror.dir / ("src/" + std::to_string(i) + "/f"), "content");
        append_file(mirror.dir / "src/before/f", "more");
        REQUIRE(agent.flush() == 0);
    }
    rename_path(mirror.dir / "src/1", mirror.dir / "src/renamed");
    remove_tree(mirror.dir / "src/2");
    REQUIRE(agent.flush() == 0);

    CHECK(mirror.differences() == Lines{});
    CHECK(agent.destination("web").at("errors").to_number<int>() == 0);
    CHECK(agent.offline_command({"check", "--connect"}) == 0);
    // One that was not used is closed in good order, and so is its daemon.
    REQUIRE(agent.stop() == 0);
    CHECK(until([&] { return mirror.daemon.sessions().empty(); }, seconds(10)));
}

TEST_CASE("a certificate that nobody vouches for stops the destination until it is cured",
          "[e2e][tls]")
{
    Mirror mirror;
    const Authority other("a wrong one");
    const std::string ca_file = mirror.dir / "ca.pem";
    write_file(ca_file, read_file(other.file()));
    AgentConfig config = mirror.config(ca_file);
    // Were it retried as an outage is, it would be every 20 ms.
    config.mappings[0].destinations[0].lines.push_back("retry: { initial: 20ms, max: 1h }");
    Agent agent(config);

    REQUIRE(agent.wait_state("web", 0, "stopped"));
    const boost::json::object error = agent.destination("web").at("last_error").as_object();
    CHECK(error.at("kind").as_string() == "tls");
    CHECK_THAT(std::string(error.at("message").as_string()), Catch::Contains("CN=the right one"));
    CHECK(agent.offline_command({"check", "--connect"}) == 1);
    CHECK_THAT(agent.last_output().out, Catch::Contains("tls: "));
    CHECK(names_in(mirror.dir / "dst").empty());

    replace_file(ca_file, read_file(mirror.authority.file()));
    REQUIRE(agent.command({"resume", "web"}) == 0);
    REQUIRE(agent.wait_state("web", 0, "in_step"));
    CHECK(mirror.differences() == Lines{});
}

TEST_CASE("a destination that asks who we are is told by cert_file and key_file", "[e2e][tls]")
{
    Mirror mirror(true);
    const Certificate ours = mirror.authority.issue();
    AgentConfig config = mirror.config(mirror.authority.file());
    {
        Agent nobody_knows(config);
        REQUIRE(nobody_knows.wait_state("web", 0, "stopped"));
        const boost::json::object error =
            nobody_knows.destination("web").at("last_error").as_object();
        CHECK(error.at("kind").as_string() == "tls");
        CHECK(nobody_knows.offline_command({"check", "--connect"}) == 1);
        CHECK(names_in(mirror.dir / "dst").empty());
    }
    config.mappings[0].destinations[0].lines.push_back("cert_file: " + ours.file);
    config.mappings[0].destinations[0].lines.push_back("key_file: " + ours.key_file);
    Agent agent(config);
    CHECK(agent.flush() == 0);
    CHECK(agent.offline_command({"check", "--connect"}) == 0);
    CHECK(mirror.differences() == Lines{});
}

TEST_CASE("without a ca_file the system's authorities decide", "[e2e][tls]")
{
    Mirror mirror;
    {
        Agent stranger(mirror.config(""));
        REQUIRE(stranger.wait_state("web", 0, "stopped"));
        const boost::json::object error = stranger.destination("web").at("last_error").as_object();
        CHECK(error.at("kind").as_string() == "tls");
    }
    AgentOptions options;
    options.env = {"SSL_CERT_FILE=" + mirror.authority.file()};
    Agent agent(mirror.config(""), options);
    CHECK(agent.flush() == 0);
    CHECK(mirror.differences() == Lines{});
}

}  // namespace lockstep::testing
