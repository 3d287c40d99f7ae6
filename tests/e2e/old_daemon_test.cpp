// A daemon that greets as one of an old release does.
#include "tests/e2e/live_mirror.h"
#include "tests/support/old_greetings.h"
#include "tests/support/proxy.h"

#include <catch2/catch.hpp>

#include <functional>

using namespace lockstep::testing;

namespace {

// Between the agent and the real daemon both hear `greeting` from the other.
class OldMirror {
public:
    explicit OldMirror(const std::string& greeting, std::vector<std::string> lines = {})
        : daemon({{.name = "m",
                   .path = prepared(),
                   .user = "u",
                   .password = "p",
                   .lines = faithful()}}),
          older_(daemon.port(), {.greeting = greeting}),
          agent(config(std::move(lines)))
    {
    }

    std::string source(const std::string& below = "") const { return dir_ / "src/" + below; }
    std::string dest(const std::string& below = "") const { return dir_ / "dst/" + below; }
    // Before protocol 31 times have whole seconds, before 30 there are no ACLs and no xattrs.
    Lines flushed_differences(const std::function<bool(const std::string&)>& ignore = {})
    {
        const int code = agent.flush();
        if (code != 0) return {"flush: " + agent.last_output().out + agent.last_output().err};
        Compare compare;
        compare.times = protocol() >= 31;
        compare.ignore = ignore;
        return quick_differences(source(), dest(), compare);
    }
    int protocol() const { return agent.destination("web").at("protocol").to_number<int>(); }
    int errors() const { return agent.destination("web").at("errors").to_number<int>(); }

private:
    std::string prepared() const
    {
        write_file(dir_ / "src/d/before", "before");
        write_file(dir_ / "src/d/e/large", random_bytes(600'000, 1));
        make_hard_link(dir_ / "src/d/before", dir_ / "src/linked");
        write_file(dir_ / "dst/alien/below", "to go");
        return dir_ / "dst";
    }
    AgentConfig config(std::vector<std::string> lines) const
    {
        AgentConfig config = config_of(
            "web", dir_ / "src", {"rsync://u@127.0.0.1:" + std::to_string(older_.port()) + "/m"},
            std::move(lines));
        config.mappings[0].destinations[0].password = "p";
        config.mappings[0].destinations[0].lines = {"retry: { initial: 50ms, max: 500ms }",
                                                    "warm_sessions: 1"};
        return config;
    }

    TempDir dir_;

public:
    RealDaemon daemon;

private:
    Proxy older_;

public:
    Agent agent;
};

}  // namespace

TEST_CASE("a daemon of any protocol has what changes, moves and goes", "[e2e][old_daemon]")
{
    const auto [greeting, protocol] = GENERATE(from_range(old_greetings()));
    INFO(greeting);
    OldMirror mirror(greeting);
    REQUIRE(mirror.flushed_differences() == Lines{});
    CHECK(mirror.protocol() == protocol);

    INFO("changes");
    write_file(mirror.source("d/before"), "and after");
    write_file(mirror.source("new/deep/file"), "new");
    append_file(mirror.source("d/e/large"), "more");
    make_symlink("before", mirror.source("d/link"));
    make_fifo(mirror.source("pipe"));
    set_mode(mirror.source("d"), 0750);
    REQUIRE(mirror.flushed_differences() == Lines{});

    INFO("one after another, over sessions that wait");
    for (int i = 0; i < 5; ++i) {
        write_file(mirror.source("d/often"), std::to_string(i) + std::string(i, 'x'));
        REQUIRE(mirror.flushed_differences() == Lines{});
    }

    INFO("moves");
    rename_path(mirror.source("d/e"), mirror.source("new/e"));
    rename_path(mirror.source("d/often"), mirror.source("often"));
    REQUIRE(mirror.flushed_differences() == Lines{});

    INFO("goes");
    remove_file(mirror.source("often"));
    remove_file(mirror.source("linked"));
    remove_file(mirror.source("d/link"));
    remove_tree(mirror.source("new"));
    REQUIRE(mirror.flushed_differences() == Lines{});

    INFO("changes its type");
    remove_file(mirror.source("pipe"));
    write_file(mirror.source("pipe/now a directory"), "x");
    remove_tree(mirror.source("d"));
    write_file(mirror.source("d"), "now a file");
    REQUIRE(mirror.flushed_differences() == Lines{});

    INFO("compared again");
    write_file(mirror.dest("alien/again"), "to go");
    REQUIRE(mirror.agent.command({"resync", "web"}) == 0);
    REQUIRE(mirror.flushed_differences() == Lines{});
    CHECK(mirror.errors() == 0);
}

TEST_CASE("what a mapping asks for holds with a daemon of any protocol", "[e2e][old_daemon]")
{
    const auto* const greeting =
        GENERATE("@RSYNCD: 27", "@RSYNCD: 28", "@RSYNCD: 29", "@RSYNCD: 31.0");
    INFO(greeting);
    OldMirror mirror(greeting,
                     {"exclude: [\"*.tmp\"]", "append_only: [\"*.log\"]", "inplace: [\"/images/\"]",
                      "compress: zstd", "checksum: true", "numeric_ids: false", "delete: live"});
    const auto not_ours = [](const std::string& path) {
        return path == "alien" || path.ends_with(".tmp") || path.ends_with("/alien");
    };
    write_file(mirror.source("big.log"), random_bytes(500'000, 2));
    write_file(mirror.source("images/disk"), random_bytes(500'000, 3));
    write_file(mirror.source("d/not sent.tmp"), "x");
    REQUIRE(mirror.flushed_differences(not_ours) == Lines{});
    CHECK(exists(mirror.dest("alien/below")));

    for (int i = 0; i < 3; ++i) {
        append_file(mirror.source("big.log"), "a line\n");
        write_file(mirror.source("images/disk"),
                   "begins with " + std::to_string(i) + random_bytes(500'000, 3).substr(13));
        REQUIRE(mirror.flushed_differences(not_ours) == Lines{});
    }

    write_file(mirror.dest("d/alien"), "stays");
    write_file(mirror.dest("d/e/protected.tmp"), "stays");
    remove_file(mirror.source("d/before"));
    remove_tree(mirror.source("d/e"));
    REQUIRE(mirror.flushed_differences([&](const std::string& path) {
        return not_ours(path) || path == "d/e";
    }) == Lines{});
    CHECK_FALSE(exists(mirror.dest("d/not sent.tmp")));
    CHECK(exists(mirror.dest("d/alien")));
    CHECK(names_in(mirror.dest("d/e")) == std::vector<std::string>{"protected.tmp"});
    CHECK(mirror.errors() == 0);
}
