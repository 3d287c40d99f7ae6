#include "agent/cli/options.h"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <sstream>

namespace lockstep::cli {
namespace {

struct Parse {
    Parsed parsed;
    std::string out;
    std::string err;
};

Parse parse_of(std::vector<const char*> arguments)
{
    ::unsetenv("LOCKSTEP_SOCKET");
    arguments.insert(arguments.begin(), "lockstep");
    std::ostringstream out;
    std::ostringstream err;
    Parsed parsed = parse(static_cast<int>(arguments.size()), arguments.data(), out, err);
    return {std::move(parsed), out.str(), err.str()};
}

Command command_of(const std::vector<const char*>& arguments)
{
    Parse parse = parse_of(arguments);
    INFO(parse.err);
    REQUIRE(parse.parsed.command);
    return *parse.parsed.command;
}

const std::string default_config = "/etc/lockstep/lockstep.yaml";
const std::string default_socket = "/run/lockstep/status.sock";

}  // namespace

TEST_CASE("every command is understood with its defaults", "[cli][options]")
{
    CHECK(command_of({"run"}) == Command(Run{default_config}));
    CHECK(command_of({"check"}) == Command(Check{default_config, false, {}}));
    CHECK(command_of({"sync"}) == Command(Sync{default_config, {}}));
    CHECK(command_of({"status"}) == Command(Status{{}, false, false, default_socket}));
    CHECK(command_of({"flush"}) == Command(Flush{{}, {}, default_socket}));
    CHECK(command_of({"resync", "a"}) == Command(Resync{{"a"}, false, default_socket}));
    CHECK(command_of({"pause", "a"}) == Command(Pause{{"a"}, default_socket}));
    CHECK(command_of({"resume", "a"}) == Command(Resume{{"a"}, false, default_socket}));
    CHECK(command_of({"reload"}) == Command(Reload{default_socket}));
}

TEST_CASE("every option is understood", "[cli][options]")
{
    CHECK(command_of({"run", "-c", "f"}) == Command(Run{"f"}));
    CHECK(command_of({"check", "--config", "f", "--connect", "--path", "a/b"}) ==
          Command(Check{"f", true, "a/b"}));
    CHECK(command_of({"sync", "-c", "f", "a", "b"}) == Command(Sync{"f", {"a", "b"}}));
    CHECK(command_of({"status", "a", "--json", "--watch", "--socket", "s"}) ==
          Command(Status{{"a"}, true, true, "s"}));
    CHECK(command_of({"flush", "--timeout", "5s", "a"}) ==
          Command(Flush{{"a"}, std::chrono::seconds(5), default_socket}));
    CHECK(command_of({"resync", "--accept-empty", "a", "b"}) ==
          Command(Resync{{"a", "b"}, true, default_socket}));
    CHECK(command_of({"pause", "--socket=s", "a"}) == Command(Pause{{"a"}, "s"}));
    CHECK(command_of({"resume", "a", "--accept-deletes"}) ==
          Command(Resume{{"a"}, true, default_socket}));
    CHECK(command_of({"reload", "--socket", "s"}) == Command(Reload{"s"}));
}

TEST_CASE("a name that looks like an option follows two dashes", "[cli][options]")
{
    CHECK(command_of({"pause", "--", "-a"}) == Command(Pause{{"-a"}, default_socket}));
}

TEST_CASE("the socket is the option's, else the environment's, else the default", "[cli][options]")
{
    std::ostringstream out;
    std::ostringstream err;
    ::setenv("LOCKSTEP_SOCKET", "/from/env", 1);
    const std::array<const char*, 4> arguments{"lockstep", "reload", "--socket", "/from/option"};

    CHECK(parse(2, arguments.data(), out, err).command == Command(Reload{"/from/env"}));
    CHECK(parse(4, arguments.data(), out, err).command == Command(Reload{"/from/option"}));
    ::setenv("LOCKSTEP_SOCKET", "", 1);
    CHECK(parse(2, arguments.data(), out, err).command == Command(Reload{default_socket}));
    ::unsetenv("LOCKSTEP_SOCKET");
}

TEST_CASE("wrong usage says why on stderr and exits with 2", "[cli][options]")
{
    const std::vector<const char*> arguments = GENERATE(
        std::vector<const char*>{}, std::vector<const char*>{"explode"},
        std::vector<const char*>{"--explode"}, std::vector<const char*>{"status", "--explode"},
        std::vector<const char*>{"pause"}, std::vector<const char*>{"resume"},
        std::vector<const char*>{"resync", "--accept-empty"},
        std::vector<const char*>{"flush", "--timeout", "soon"},
        std::vector<const char*>{"flush", "--timeout", "-5s"},
        std::vector<const char*>{"flush", "--timeout"}, std::vector<const char*>{"run", "extra"},
        std::vector<const char*>{"run", "-c"}, std::vector<const char*>{"reload", "a"},
        std::vector<const char*>{"status", "reload", "--connect"});

    const Parse parse = parse_of(arguments);

    CHECK_FALSE(parse.parsed.command);
    CHECK(parse.parsed.exit_code == 2);
    CHECK_FALSE(parse.err.empty());
    CHECK(parse.out.empty());
}

TEST_CASE("a wrong duration is told with what was expected", "[cli][options]")
{
    const Parse parse = parse_of({"flush", "--timeout", "soon"});

    CHECK(parse.err.find("expected a duration such as 250ms, 5s or 10m, found 'soon'") !=
          std::string::npos);
}

TEST_CASE("every command has its help", "[cli][options]")
{
    const char* command =
        GENERATE("run", "check", "sync", "status", "flush", "resync", "pause", "resume", "reload");

    const Parse parse = parse_of({command, "--help"});

    CHECK_FALSE(parse.parsed.command);
    CHECK(parse.parsed.exit_code == 0);
    CHECK(parse.out.find(command) != std::string::npos);
    CHECK(parse.err.empty());
}

TEST_CASE("the general help lists every command", "[cli][options]")
{
    const Parse parse = parse_of({"--help"});

    CHECK(parse.parsed.exit_code == 0);
    for (const char* command : {"run", "check", "sync", "status", "flush", "resync", "pause",
                                "resume", "reload", "--version"})
        CHECK(parse.out.find(command) != std::string::npos);
}

TEST_CASE("the version names the protocol range", "[cli][options]")
{
    const Parse parse = parse_of({"--version"});

    CHECK(parse.out == "lockstep 0.1.0, rsync protocol 27-32\n");
    CHECK(parse.parsed.exit_code == 0);
}

}  // namespace lockstep::cli
