#include "tests/support/agent.h"
#include "tests/support/real_daemon.h"
#include "tests/support/tree_equal.h"

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

}  // namespace lockstep::testing
