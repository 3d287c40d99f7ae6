#include "tests/e2e/live_mirror.h"
#include "tests/support/agent.h"
#include "tests/support/real_daemon.h"
#include "tests/support/tree_equal.h"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace lockstep::testing {

namespace {

const std::vector<std::string> excluded = {"cache/a", "cache/deep/b", "x.tmp",
                                           "d/y.tmp", "logs/old.gz",  "d/logs/old.gz"};
const std::vector<std::string> sent = {"d/cache/a",       "cachet/a",     "x.tmp2",
                                       "logs/sub/old.gz", "logs/new.log", "d/file"};

// A file of that name wherever a rule might look, each with `content`.
void write_all(const std::string& top, const std::string& content)
{
    for (const auto* names : {&excluded, &sent})
        for (const std::string& name : *names) write_file(top + "/" + name, content);
}

}  // namespace

TEST_CASE("what a rule excludes is not sent, not watched, and kept at the destination",
          "[e2e][C40]")
{
    const TempDir dir;
    write_all(dir / "src", "at start");
    for (int i = 0; i < 20; ++i) make_dirs(dir / ("src/cache/many" + std::to_string(i)));
    for (const std::string& name : excluded) write_file(dir / ("dst/" + name), "theirs");
    write_file(dir / "dst/stray", "in no rule");
    RealDaemon daemon({{.name = "m", .path = dir / "dst"}});
    Agent agent(config_of("web", dir / "src", {daemon.url("m")},
                          {R"(exclude: ["/cache/", "*.tmp", "logs/*.gz"])"}));
    REQUIRE(agent.flush() == 0);

    const auto expect_right = [&](const std::string& content) {
        for (const std::string& name : sent) {
            INFO(name);
            CHECK(read_file(dir / ("dst/" + name)) == content);
        }
        for (const std::string& name : excluded) {
            INFO(name);
            CHECK(read_file(dir / ("dst/" + name)) == "theirs");
        }
        CHECK_FALSE(exists(dir / "dst/cache/many0"));
    };
    expect_right("at start");
    CHECK_FALSE(exists(dir / "dst/stray"));
    // src, d, d/cache, d/logs, cachet, logs, logs/sub.
    CHECK(agent.status().at("inotify").as_object().at("watches").to_number<int>() == 7);

    write_all(dir / "src", "while live");
    write_file(dir / "src/cache/new/file", "never seen");
    write_file(dir / "src/fresh/z.tmp", "never seen");
    REQUIRE(agent.flush() == 0);
    expect_right("while live");
    CHECK_FALSE(exists(dir / "dst/cache/new"));
    CHECK(names_in(dir / "dst/fresh").empty());

    // Taken away here, they stay there: also when the directory around them goes.
    remove_tree(dir / "src/cache");
    remove_file(dir / "src/x.tmp");
    remove_tree(dir / "src/logs/sub");
    REQUIRE(agent.flush() == 0);
    CHECK(read_file(dir / "dst/cache/a") == "theirs");
    CHECK(read_file(dir / "dst/x.tmp") == "theirs");
    CHECK_FALSE(exists(dir / "dst/logs/sub"));
    CHECK(agent.destination("web").at("errors").to_number<int>() == 0);
}

TEST_CASE("a directory that goes leaves what is excluded in it at the destination", "[e2e][C40]")
{
    const TempDir dir;
    write_file(dir / "src/d/file", "content");
    write_file(dir / "dst/d/kept.tmp", "theirs");
    RealDaemon daemon({{.name = "m", .path = dir / "dst"}});
    Agent agent(config_of("web", dir / "src", {daemon.url("m")}, {R"(exclude: ["*.tmp"])"}));
    REQUIRE(agent.flush() == 0);

    remove_tree(dir / "src/d");
    CHECK(agent.flush() == 0);  // the directory itself cannot go, and that is as it should be

    CHECK(read_file(dir / "dst/d/kept.tmp") == "theirs");
    CHECK_FALSE(exists(dir / "dst/d/file"));
    CHECK(agent.destination("web").at("errors").to_number<int>() == 0);
}

TEST_CASE("an excluded name that comes or goes changes its directory's times there too",
          "[e2e][C40]")
{
    LiveMirror mirror({.mapping_lines = {R"(exclude: ["*.tmp"])"}});
    make_dirs(mirror.source("d/e"));
    REQUIRE(mirror.flushed_differences() == Lines{});

    write_file(mirror.source("d/x.tmp"), "x");
    rename_path(mirror.source("d/x.tmp"), mirror.source("d/e/y.tmp"));

    REQUIRE(mirror.agent.flush() == 0);
    CHECK(tree_differences(mirror.source(), mirror.dest(), {"--exclude=*.tmp"}) == Lines{});
    CHECK_FALSE(exists(mirror.dest("d/e/y.tmp")));
}

TEST_CASE("a file that becomes an excluded directory is gone there, and comes back", "[e2e][C40]")
{
    LiveMirror mirror(
        {.mapping_lines = {R"(exclude: ["/cache/"])"},
         .before = [](const std::string& source) { write_file(source + "/cache", "a file"); }});
    REQUIRE(mirror.flushed_differences() == Lines{});

    remove_file(mirror.source("cache"));
    write_file(mirror.source("cache/secret"), "not to be sent");
    REQUIRE(mirror.agent.flush() == 0);
    CHECK(names_in(mirror.dest()).empty());

    remove_tree(mirror.source("cache"));
    write_file(mirror.source("cache"), "a file again");
    CHECK(mirror.flushed_differences() == Lines{});
}

TEST_CASE("a file that became an excluded directory while nobody looked is gone there",
          "[e2e][C40]")
{
    LiveMirror mirror({.mapping_lines = {R"(exclude: ["/cache/"])"}});
    write_file(mirror.source("cache"), "a file");
    REQUIRE(mirror.flushed_differences() == Lines{});
    const bool seen_going = GENERATE(false, true);
    if (seen_going) {
        REQUIRE(mirror.agent.command({"pause", "web"}) == 0);
        remove_file(mirror.source("cache"));
    }
    mirror.agent.kill9();
    if (!seen_going) remove_file(mirror.source("cache"));
    write_file(mirror.source("cache/inside"), "not for them");
    mirror.agent.start();
    REQUIRE(mirror.agent.flush() == 0);
    CHECK(names_in(mirror.dest()).empty());
}

TEST_CASE("a pattern with the source's own path is refused with the right spelling", "[e2e][C40]")
{
    const TempDir dir;
    make_dirs(dir / "src/x");
    AgentOptions options;
    options.start = false;
    Agent agent(config_of("web", dir / "src", {"rsync://127.0.0.1:1/m"},
                          {"exclude: [" + yaml_quoted(dir / "src/x") + "]"}),
                options);

    CHECK(agent.offline_command({"check"}) == 2);
    CHECK_THAT(agent.last_output().err, Catch::Contains("'/x'"));
    CHECK_THAT(agent.last_output().err, Catch::Contains("exclude[0]"));
}

TEST_CASE("an empty pattern is refused and a trailing blank is told", "[e2e][C40]")
{
    const TempDir dir;
    make_dirs(dir / "src");
    AgentOptions options;
    options.start = false;
    const std::string url = "rsync://127.0.0.1:1/m";
    Agent with_blank(config_of("web", dir / "src", {url}, {R"(exclude: ["*.bak "])"}), options);
    CHECK(with_blank.offline_command({"check"}) == 0);
    CHECK_THAT(with_blank.last_output().err,
               Catch::Contains("warning") && Catch::Contains("blank"));

    Agent with_empty(config_of("web", dir / "src", {url}, {R"(exclude: ["*.bak", ""])"}), options);
    CHECK(with_empty.offline_command({"check"}) == 2);
    CHECK_THAT(with_empty.last_output().err, Catch::Contains("exclude[1]"));
}

}  // namespace lockstep::testing
