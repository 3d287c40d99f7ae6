// What is remembered from one run to the next, and what happens when that cannot be trusted.
#include "agent/state/sqlite.h"
#include "tests/e2e/live_mirror.h"
#include "tests/e2e/system_tree.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <random>
#include <thread>

using namespace lockstep::testing;
using Catch::Matchers::Contains;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

std::string index_of(const Agent& agent, const std::string& mapping = "web")
{
    return agent.state_dir() + "/" + mapping + ".index";
}

std::int64_t count(const Agent& agent, const char* sql)
{
    lockstep::state::Database index(index_of(agent), lockstep::state::Database::Mode::read_only);
    return index.number(sql);
}

// What was sent in the tick of its change counts as unproven for about a second more.
bool wait_proven(const Agent& agent)
{
    constexpr const char* racy =
        "SELECT count(*) FROM entry WHERE substr(fingerprint, 1, 1) = x'01'";
    constexpr const char* open = "SELECT count(*) FROM dirty";
    return until([&] { return count(agent, racy) == 0 && count(agent, open) == 0; }, seconds(20));
}

void stop_in_step(LiveMirror& mirror)
{
    REQUIRE(mirror.flushed_differences() == Lines{});
    REQUIRE(wait_proven(mirror.agent));
    REQUIRE(mirror.agent.stop() == 0);
}

LiveMirror filled(const std::vector<std::string>& lines = {})
{
    return LiveMirror({.mapping_lines = lines,
                       .before = [](const std::string& source) { copy_system_tree(source); }});
}

}  // namespace

TEST_CASE("a restart over an unchanged tree opens no session", "[e2e][restart]")
{
    LiveMirror mirror = filled();
    stop_in_step(mirror);

    mirror.agent.start();

    REQUIRE(mirror.flushed_differences() == Lines{});
    CHECK(mirror.agent.destination("web").at("state").as_string() == "in_step");
    CHECK(mirror.sent("sessions") == 0);
}

TEST_CASE("a restart sends what changed meanwhile and nothing else", "[e2e][restart]")
{
    LiveMirror mirror({.before = [](const std::string& source) {
        copy_system_tree(source);
        for (const char* name : {"t/same", "t/edit", "t/back", "t/mode", "t/gone", "t/d/x"})
            write_file(source + "/" + name, "before");
    }});
    stop_in_step(mirror);

    const timespec before = mtime_of(mirror.source("t/back"));
    append_file(mirror.source("t/edit"), "more");
    write_file(mirror.source("t/back"), "beyond");  // same size, and the time put back
    set_mtime(mirror.source("t/back"), before);
    set_mode(mirror.source("t/mode"), 0600);
    remove_file(mirror.source("t/gone"));
    remove_tree(mirror.source("t/d"));
    write_file(mirror.source("t/new/a"), "1");
    write_file(mirror.source("t/new/b"), "2");
    mirror.agent.start();

    REQUIRE(mirror.flushed_differences() == Lines{});
    CHECK(read_file(mirror.dest("t/back")) == "beyond");
    CHECK(mirror.sent("files_sent") <= 5);  // edit, back, mode, a, b
    CHECK(mirror.sent("bytes_sent") < 10'000);
}

TEST_CASE("live changes are proven a second later, and not sent again by the next start",
          "[e2e][restart]")
{
    LiveMirror mirror;
    REQUIRE(mirror.flushed_differences() == Lines{});
    for (int i = 0; i < 50; ++i) write_file(mirror.source("d/f" + std::to_string(i)), "live");
    stop_in_step(mirror);

    mirror.agent.start();

    REQUIRE(mirror.flushed_differences() == Lines{});
    CHECK(mirror.sent("sessions") == 0);
}

TEST_CASE("a file that came and went around a kill in the middle of its push leaves nothing",
          "[e2e][restart]")
{
    LiveMirror mirror;
    write_file(mirror.source("d/other"), "in step");
    REQUIRE(mirror.flushed_differences() == Lines{});
    std::mt19937 random(Catch::rngSeed());

    for (std::uint64_t round = 0; round < 5; ++round) {
        INFO("round " << round << ", seed " << Catch::rngSeed());
        for (std::uint64_t i = 0; i < 30; ++i)
            write_file(mirror.source("d/f" + std::to_string(i)), random_bytes(400'000, i));
        std::this_thread::sleep_for(milliseconds(random() % 150));  // the random moment itself
        mirror.agent.kill9();
        for (int i = 0; i < 30; ++i) remove_file(mirror.source("d/f" + std::to_string(i)));
        mirror.agent.start();

        REQUIRE(mirror.flushed_differences() == Lines{});
        CHECK(names_in(mirror.dest("d")) == std::vector<std::string>{"other"});
    }
}

TEST_CASE("full_sync.at_start decides whether a start looks at the destination", "[e2e][restart]")
{
    const std::string at_start = GENERATE(as<std::string>{}, "auto", "always", "never");
    LiveMirror mirror({.mapping_lines = {"full_sync: { at_start: " + at_start + " }"},
                       .before = [](const std::string& source) {
                           write_file(source + "/d/kept", "1");
                           write_file(source + "/d/drifts", "1");
                       }});
    if (at_start == "never") {
        REQUIRE(mirror.agent.command({"resync", "web"}) == 0);
        REQUIRE(mirror.differences() == Lines{});
    }
    stop_in_step(mirror);

    remove_file(mirror.dest("d/drifts"));
    write_file(mirror.source("d/new"), "while it was away");
    mirror.agent.start();
    REQUIRE(mirror.agent.flush() == 0);

    CHECK(exists(mirror.dest("d/drifts")) == (at_start == "always"));
    CHECK(exists(mirror.dest("d/new")) == (at_start != "never"));
}

TEST_CASE("a compare does not take for the same what only looks the same", "[e2e][restart]")
{
    LiveMirror mirror({.mapping_lines = {"full_sync: { at_start: always }"},
                       .before = [](const std::string& source) {
                           for (const char* name : {"t/back", "t/same"})
                               write_file(source + "/" + name, "before");
                       }});
    stop_in_step(mirror);

    const timespec before = mtime_of(mirror.source("t/back"));
    write_file(mirror.source("t/back"), "change");
    set_mtime(mirror.source("t/back"), before);
    mirror.agent.start();

    CHECK(mirror.flushed_differences() == Lines{});
    CHECK(mirror.sent("files_sent") == 1);
}

TEST_CASE("a damaged index is set aside, said, and everything compared", "[e2e][restart]")
{
    LiveMirror mirror = filled();
    stop_in_step(mirror);
    write_file(index_of(mirror.agent), random_bytes(50'000, 1));
    write_file(mirror.dest("alien"), "not at the source");

    mirror.agent.start();

    REQUIRE(mirror.flushed_differences() == Lines{});
    CHECK(exists(index_of(mirror.agent) + ".damaged"));
    CHECK_THAT(mirror.agent.log_text(), Contains("set aside"));
}

TEST_CASE("a second agent on a state directory is refused", "[e2e][restart]")
{
    LiveMirror mirror;
    AgentConfig config = config_of("web", mirror.source(), {mirror.daemon.url("m")});
    Agent second(config, AgentOptions{.start = false, .wait_until_up = false});
    std::string yaml = yaml_of(config, second.directory());
    const std::string own = second.state_dir();
    yaml.replace(yaml.find(own), own.size(), mirror.agent.state_dir());
    second.write_raw_config(yaml);

    second.start();

    CHECK(second.wait_exit(seconds(10)) == 1);
    CHECK_THAT(second.log_text(),
               Contains(mirror.agent.state_dir()) && Contains("in use by another lockstep"));
    CHECK(mirror.flushed_differences() == Lines{});
}

TEST_CASE("a state directory that cannot be made ends the start with 1", "[e2e][restart]")
{
    const TempDir dir;
    make_dirs(dir / "src");
    AgentConfig config = config_of("web", dir / "src", {"rsync://127.0.0.1:9/m"});
    Agent agent(config, AgentOptions{.start = false, .wait_until_up = false});
    std::string yaml = yaml_of(config, agent.directory());
    const std::string own = agent.state_dir();
    yaml.replace(yaml.find(own), own.size(), dir / "none/below");
    agent.write_raw_config(yaml);

    agent.start();

    CHECK(agent.wait_exit(seconds(10)) == 1);
    CHECK_THAT(agent.log_text(), Contains("service.state_dir") && Contains("none/below"));
}

TEST_CASE("what one destination missed is sent to it alone after a restart", "[e2e][restart][C48]")
{
    const TempDir dir;
    for (const char* below : {"src", "one", "two"}) make_dirs(dir / below);
    copy_system_tree(dir / "src");
    RealDaemon daemon({{.name = "one", .path = dir / "one", .lines = faithful()}});
    RealDaemon late({{.name = "two", .path = dir / "two", .lines = faithful()}});
    AgentConfig config = config_of("web", dir / "src", {daemon.url("one"), late.url("two")});
    for (AgentDestination& destination : config.mappings[0].destinations)
        destination.lines = {"retry: { initial: 50ms, max: 200ms }"};
    Agent agent(config);
    REQUIRE(agent.flush() == 0);

    late.stop();
    for (int i = 0; i < 20; ++i) write_file(dir / ("src/new/f" + std::to_string(i)), "missed");
    REQUIRE(agent.wait_state("web", 0, "in_step"));
    CHECK(agent.flush(seconds(2)) == 1);
    CHECK_THAT(agent.last_output().err, Contains(late.url("two")));
    REQUIRE(until(
        [&] {
            return count(agent,
                         "SELECT count(*) FROM entry WHERE substr(fingerprint, 1, 1) = x'01'") == 0;
        },
        seconds(20)));
    agent.restart();
    late.start();

    REQUIRE(agent.flush() == 0);
    CHECK(tree_differences(dir / "src", dir / "one") == Lines{});
    CHECK(tree_differences(dir / "src", dir / "two") == Lines{});
    CHECK(agent.destination("web", 0).at("sessions").to_number<int>() == 0);
    CHECK(agent.destination("web", 1).at("files_sent").to_number<int>() == 20);
}

TEST_CASE("what one destination missed is found again where it was too much to remember",
          "[e2e][restart]")
{
    const TempDir dir;
    for (const char* below : {"src", "one", "two"}) make_dirs(dir / below);
    for (int i = 0; i < 5; ++i) write_file(dir / ("src/f" + std::to_string(i)), "before");
    RealDaemon daemon({{.name = "one", .path = dir / "one", .lines = faithful()}});
    RealDaemon late({{.name = "two", .path = dir / "two", .lines = faithful()}});
    AgentConfig config = config_of("web", dir / "src", {daemon.url("one"), late.url("two")},
                                   {"queue: { max_pending: 40 }"});
    for (AgentDestination& destination : config.mappings[0].destinations)
        destination.lines = {"retry: { initial: 50ms, max: 200ms }"};
    Agent agent(config);
    REQUIRE(agent.flush() == 0);

    late.stop();
    const timespec before = mtime_of(dir / "src/f1");
    write_file(dir / "src/f1", "change");  // of the same size
    set_mtime(dir / "src/f1", before);
    for (int i = 0; i < 100; ++i) write_file(dir / ("src/new/" + std::to_string(i)), "missed");
    REQUIRE(agent.wait_state("web", 0, "in_step"));
    REQUIRE(until([&] { return read_file(dir / "one/f1") == "change"; }, seconds(20)));
    constexpr const char* racy =
        "SELECT count(*) FROM entry WHERE substr(fingerprint, 1, 1) = x'01'";
    REQUIRE(until([&] { return count(agent, racy) == 0; }, seconds(20)));
    agent.restart();
    late.start();

    REQUIRE(agent.flush() == 0);
    CHECK(tree_differences(dir / "src", dir / "one") == Lines{});
    CHECK(tree_differences(dir / "src", dir / "two") == Lines{});
}

TEST_CASE("a new destination is filled while the others are left in peace", "[e2e][restart]")
{
    const TempDir dir;
    for (const char* below : {"src", "one", "two"}) make_dirs(dir / below);
    copy_system_tree(dir / "src");
    RealDaemon daemon({{.name = "one", .path = dir / "one", .lines = faithful()},
                       {.name = "two", .path = dir / "two", .lines = faithful()}});
    Agent agent(config_of("web", dir / "src", {daemon.url("one")}));
    REQUIRE(agent.flush() == 0);
    REQUIRE(wait_proven(agent));

    agent.write_config(config_of("web", dir / "src", {daemon.url("one"), daemon.url("two")}));
    REQUIRE(agent.command({"reload"}) == 0);
    REQUIRE(agent.flush() == 0);

    CHECK(tree_differences(dir / "src", dir / "two") == Lines{});
    CHECK(agent.destination("web", 0).at("sessions").to_number<int>() == 0);
}

TEST_CASE("a source found empty deletes nothing until a person says so", "[e2e][restart]")
{
    LiveMirror mirror({.before = [](const std::string& source) {
        for (int i = 0; i < 20; ++i) write_file(source + "/d/f" + std::to_string(i), "1");
    }});
    stop_in_step(mirror);
    rename_path(mirror.source("d"), mirror.outside("d"));

    mirror.agent.start();
    REQUIRE(mirror.agent.wait_mapping_state("web", "source_missing"));
    CHECK(mirror.agent.flush(seconds(1)) == 1);
    CHECK_THAT(mirror.agent.last_output().err, Contains("--accept-empty"));
    CHECK(names_in(mirror.dest("d")).size() == 20);

    SECTION("it goes on by itself when the content is back")
    {
        rename_path(mirror.outside("d"), mirror.source("d"));
        write_file(mirror.source("d/new"), "2");
        REQUIRE(mirror.agent.wait_mapping_state("web", "live"));
        CHECK(mirror.flushed_differences() == Lines{});
    }
    SECTION("empty is taken for meant when a person says so")
    {
        CHECK(mirror.agent.command({"resync", "--accept-empty", "web"}) == 0);
        CHECK(mirror.differences() == Lines{});
        CHECK(names_in(mirror.dest()).empty());
        CHECK(mirror.agent.wait_mapping_state("web", "live"));
    }
}

TEST_CASE("an agent killed in mid-batch is in step after each restart", "[e2e][restart][C42]")
{
    LiveMirror mirror;
    std::mt19937 random(Catch::rngSeed());
    constexpr int files = 1000;

    for (int round = 0; round < 5; ++round) {
        INFO("round " << round << ", seed " << Catch::rngSeed());
        for (int i = 0; i < files; ++i) {
            const std::string path = mirror.source("d" + std::to_string(random() % 20) + "/f" +
                                                   std::to_string(random() % files));
            if (random() % 4 == 0)
                remove_tree(path);
            else
                write_file(path, random_bytes(random() % 3000, random()));
        }
        std::this_thread::sleep_for(milliseconds(random() % 200));  // the random moment itself
        mirror.agent.kill9();
        for (int i = 0; i < 50; ++i)
            write_file(mirror.source("away/f" + std::to_string(random() % 100)), "meanwhile");
        mirror.agent.start();

        // What it says must be so the moment it says it.
        REQUIRE(mirror.agent.wait_state("web", 0, "in_step"));
        REQUIRE(mirror.differences() == Lines{});
        REQUIRE(mirror.flushed_differences() == Lines{});
    }
}

TEST_CASE("a restart finds what changed behind a followed link, and sends nothing else",
          "[e2e][restart][follow]")
{
    LiveMirror mirror(
        {.mapping_lines = {"follow: [/shared]"}, .before = [](const std::string& source) {
             write_file(source + "/../outside/file", "content");
             write_file(source + "/../outside/other", "other");
             make_symlink("../outside", source + "/shared");
         }});
    REQUIRE(mirror.agent.flush() == 0);
    REQUIRE(wait_proven(mirror.agent));
    REQUIRE(mirror.agent.stop() == 0);
    mirror.agent.start();
    REQUIRE(mirror.agent.flush() == 0);
    CHECK(mirror.sent("sessions") == 0);
    REQUIRE(mirror.agent.stop() == 0);

    write_file(mirror.outside("file"), "while nobody watched");
    mirror.agent.start();

    REQUIRE(mirror.agent.flush() == 0);
    CHECK(tree_differences(mirror.outside(""), mirror.dest("shared")) == Lines{});
    CHECK(mirror.sent("files_sent") == 1);
}
