#include "tests/support/agent.h"
#include "tests/support/mount.h"
#include "tests/support/real_daemon.h"
#include "tests/support/tree_equal.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <string>

using namespace lockstep::testing;
using Catch::Matchers::Contains;
using std::chrono::seconds;

namespace {

// An overlay whose upper layer is written to behind its back: as a server does with what its
// clients have mounted, no event tells.
class BehindTheBack {
public:
    BehindTheBack() : mount_(prepared(dir_)) {}

    std::string source() const { return dir_ / "src"; }
    std::string behind(const std::string& path) const { return dir_ / "layers/upper/" + path; }
    std::string dest(const std::string& path) const { return dir_ / "dst/" + path; }

private:
    static Mount prepared(const TempDir& dir)
    {
        for (const char* name : {"layers/lower", "layers/upper", "layers/work", "src", "dst"})
            make_dirs(dir / name);
        write_file(dir / "layers/upper/file", "first");
        return Mount::overlay(dir / "layers/lower", dir / "layers/upper", dir / "layers/work",
                              dir / "src");
    }

    TempDir dir_;
    Mount mount_;
};

}  // namespace

TEST_CASE("of a file system that tells not all, check and the log warn", "[e2e][C46]")
{
    if (!may_mount()) return;
    const BehindTheBack files;
    RealDaemon daemon({{.name = "m", .path = files.dest("")}});
    Agent agent(config_of("web", files.source(), {daemon.url("m")}, {"watch: inotify"}));

    CHECK(agent.offline_command({"check"}) == 0);
    CHECK_THAT(agent.last_output().out, Contains("warning") && Contains("overlay") &&
                                            Contains("watch: poll") && Contains("full_sync.every"));
    CHECK_THAT(agent.log_text(), Contains("overlay") && Contains("full_sync.every"));
    write_file(files.source() + "/through", "seen as ever");
    REQUIRE(agent.flush() == 0);
    CHECK(read_file(files.dest("through")) == "seen as ever");
}

TEST_CASE("what changes behind the kernel's back is found by a poll or a full compare",
          "[e2e][C46]")
{
    if (!may_mount()) return;
    const std::string how = GENERATE("poll", "full_sync");
    CAPTURE(how);
    const BehindTheBack files;
    RealDaemon daemon({{.name = "m", .path = files.dest("")}});
    const std::vector<std::string> lines =
        how == "poll" ? std::vector<std::string>{"watch: poll", "poll_interval: 1s"}
                      : std::vector<std::string>{"full_sync: { every: 1s }"};
    Agent agent(config_of("web", files.source(), {daemon.url("m")}, lines));
    REQUIRE(agent.flush() == 0);
    CHECK(read_file(files.dest("file")) == "first");

    write_file(files.behind("file"), "second");
    write_file(files.behind("new"), "new");

    CHECK(until([&] { return exists(files.dest("new")); }, seconds(20)));
    CHECK(until([&] { return read_file(files.dest("file")) == "second"; }, seconds(20)));
    remove_file(files.source() + "/new");
    if (how == "poll") {
        // A flush looks first.
        CHECK(agent.flush() == 0);
        CHECK(tree_differences(files.source(), files.dest("")) == Lines{});
    }
}
