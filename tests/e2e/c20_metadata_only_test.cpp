#include "tests/support/agent.h"
#include "tests/support/real_daemon.h"
#include "tests/support/tree_equal.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <unistd.h>

#include <functional>
#include <string>
#include <vector>

namespace lockstep::testing {

namespace {

struct AttributeChange {
    std::string what;
    std::function<void()> make;
};

void set_acl(const std::string& entry, const std::string& path)
{
    const Output output = run({"setfacl", "-m", entry, path});
    INFO(output.err);
    REQUIRE(output.exit_code == 0);
}

std::vector<AttributeChange> changes_below(const std::string& source)
{
    const timespec in_2001{978'307'200, 123'456'789};
    std::vector<AttributeChange> all;
    for (const std::string name : {"file", "small", "directory"}) {
        const std::string path = source + "/sub/" + name;
        all.push_back({"chmod " + name, [=] { set_mode(path, 0700); }});
        all.push_back({"chmod g+s " + name, [=] { set_mode(path, 02755); }});
        all.push_back({"touch " + name, [=] { set_mtime(path, in_2001); }});
        all.push_back({"setfattr " + name, [=] { set_xattr(path, "user.x", "value"); }});
        all.push_back({"setfacl " + name, [=] { set_acl("u:1234:rwx", path); }});
    }
    const std::string link = source + "/sub/link";
    all.push_back({"touch link", [=] { set_mtime(link, in_2001); }});
    if (::geteuid() != 0) return all;
    for (const std::string name : {"file", "small", "directory", "link"}) {
        const std::string path = source + "/sub/" + name;
        all.push_back({"chown " + name, [=] { set_owner(path, 1234, 4321); }});
    }
    all.push_back({"setfattr link", [=] { set_xattr(link, "trusted.x", "value"); }});
    return all;
}

}  // namespace

TEST_CASE("a change of attributes alone arrives and sends no content", "[e2e][C20]")
{
    const TempDir dir;
    write_file(dir / "src/sub/file", random_bytes(300'000, 20));
    write_file(dir / "src/sub/small", "a few bytes");
    write_file(dir / "src/sub/directory/inside", "more");
    make_symlink("file", dir / "src/sub/link");
    make_dirs(dir / "dst");
    RealDaemon daemon({{.name = "m", .path = dir / "dst"}});
    Agent agent(config_of("web", dir / "src", {daemon.url("m")}));
    REQUIRE(agent.flush() == 0);
    REQUIRE(tree_differences(dir / "src", dir / "dst") == Lines{});
    const std::int64_t literal =
        agent.destination("web").at("literal_bytes").to_number<std::int64_t>();
    REQUIRE(literal > 300'000);  // so the figure counts

    for (const AttributeChange& change : changes_below(dir / "src")) {
        INFO(change.what);
        change.make();

        CHECK(agent.flush() == 0);
        CHECK(tree_differences(dir / "src", dir / "dst") == Lines{});
        CHECK(agent.destination("web").at("literal_bytes").to_number<std::int64_t>() == literal);
    }
}

TEST_CASE("a change of attributes alone reads no content for a destination that comes later",
          "[e2e][C20]")
{
    const TempDir dir;
    write_file(dir / "src/file", random_bytes(3'000'000, 20));
    make_dirs(dir / "first");
    make_dirs(dir / "late");
    RealDaemon first({{.name = "m", .path = dir / "first"}});
    RealDaemon late({{.name = "m", .path = dir / "late"}});
    AgentConfig config = config_of("web", dir / "src", {first.url("m"), late.url("m")});
    for (AgentDestination& destination : config.mappings[0].destinations)
        destination.lines = {"retry: { initial: 50ms, max: 500ms }"};
    Agent agent(std::move(config));
    REQUIRE(agent.flush() == 0);
    const auto content_of_late = [&] {
        const boost::json::object row = agent.destination("web", 1);
        return row.at("literal_bytes").to_number<std::int64_t>() +
               row.at("matched_bytes").to_number<std::int64_t>();
    };
    const std::int64_t before = content_of_late();
    REQUIRE(before >= 3'000'000);  // so the figure counts

    late.stop();
    set_mode(dir / "src/file", 0700);
    REQUIRE(until([&] { return tree_differences(dir / "src", dir / "first") == Lines{}; },
                  std::chrono::seconds(20)));
    REQUIRE(agent.wait_state("web", 0, "in_step"));
    REQUIRE(agent.wait_state("web", 1, "waiting"));
    late.start();

    REQUIRE(agent.flush() == 0);
    CHECK(tree_differences(dir / "src", dir / "late") == Lines{});
    CHECK(content_of_late() == before);
}

}  // namespace lockstep::testing
