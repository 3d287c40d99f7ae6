// Real programs, with limits short enough to wait for.
#include "agent/hooks.h"

#include "tests/support/temp_tree.h"
#include "tests/support/until.h"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <sstream>

namespace lockstep::agent {
namespace {

using namespace lockstep::testing;
using Catch::Matchers::Contains;
using std::chrono::milliseconds;

constexpr HookLimits quick{.run = milliseconds(300),
                           .grace = milliseconds(200),
                           .at_stop = milliseconds(200),
                           .between = milliseconds(50)};

std::vector<std::string> script(const TempDir& dir, const std::string& lines)
{
    write_file(dir / "hook", "#!/bin/sh\n" + lines + "\n");
    set_mode(dir / "hook", 0755);
    return {dir / "hook", dir / "out", "a b; $HOME"};
}

Occasion at(const std::string& destination, std::set<std::string> paths = {})
{
    Occasion occasion;
    occasion.destination = destination;
    occasion.state = "in_step";
    occasion.paths = std::move(paths);
    return occasion;
}

std::string text_of(const std::string& path)
{
    return ::access(path.c_str(), F_OK) == 0 ? read_file(path) : std::string();
}

std::size_t lines_of(const std::string& path)
{
    const std::string text = text_of(path);
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

bool alive(const std::string& pid_file)
{
    const std::string status =
        text_of("/proc/" + std::to_string(std::stoi(read_file(pid_file))) + "/stat");
    return !status.empty() && status.find(") Z ") == std::string::npos;
}

// Ends when nothing runs and nothing waits any more.
void run_all(boost::asio::io_context& context)
{
    context.restart();
    context.run_for(std::chrono::seconds(20));
    REQUIRE(context.stopped());
}

}  // namespace

TEST_CASE("a hook gets its arguments, its input and no more environment than that",
          "[agent][hooks]")
{
    const TempDir dir;
    boost::asio::io_context context(1);
    ::setenv("HOOKS_TEST_SECRET", "x", 1);
    Hook hook(context.get_executor(), "trouble",
              script(dir, "{ echo \"arg $2\"; pwd; cat; /usr/bin/env; } >>\"$1\""), "web", quick);
    Occasion occasion = at("rsync://h/m", {"a\nb", "c"});
    occasion.state = "waiting";
    occasion.error_kind = "unreachable";
    occasion.error = "connect: refused";

    hook.occurred(occasion);
    run_all(context);

    const std::string text = text_of(dir / "out");
    CHECK_THAT(text, Contains("arg a b; $HOME\n/\n{"));
    CHECK_THAT(text, Contains(R"("hook":"trouble","mapping":"web","destination":"rsync://h/m")"));
    CHECK_THAT(text, Contains(R"("paths":["a\\x0ab","c"],"paths_left_out":false)"));
    CHECK_THAT(text, Contains(R"("error":{"kind":"unreachable","message":"connect: refused"})"));
    for (const char* line :
         {"LOCKSTEP_HOOK=trouble\n", "LOCKSTEP_MAPPING=web\n", "LOCKSTEP_STATE=waiting\n",
          "LOCKSTEP_DESTINATION=rsync://h/m\n", "LOCKSTEP_ERROR_KIND=unreachable\n",
          "LOCKSTEP_ERROR=connect: refused\n", "PATH=/usr"})
        CHECK_THAT(text, Contains(line));
    CHECK_THAT(text, !Contains("HOOKS_TEST_SECRET"));
}

TEST_CASE("a hook has none of our descriptors and does not ignore SIGPIPE", "[agent][hooks]")
{
    const TempDir dir;
    boost::asio::io_context context(1);
    const int leaky = ::open("/dev/null", O_RDONLY);  // not close-on-exec
    REQUIRE(leaky > 2);
    const auto before = std::signal(SIGPIPE, SIG_IGN);
    Hook hook(context.get_executor(), "in_step",
              script(dir, "ls -l /proc/$$/fd >\"$1\"; grep SigIgn /proc/$$/status >>\"$1\""), "web",
              quick);

    hook.occurred(at("d"));
    run_all(context);
    std::signal(SIGPIPE, before);
    ::close(leaky);

    const std::string text = text_of(dir / "out");
    CHECK_THAT(text, Contains(" 0 -> ") && Contains(" 1 -> ") && Contains(" 2 -> "));
    CHECK_THAT(text, !Contains("/dev/null") && !Contains("eventpoll"));
    const std::size_t ignored = text.find("SigIgn:");
    REQUIRE(ignored != std::string::npos);
    const unsigned long long mask = std::stoull(text.substr(ignored + 8), nullptr, 16);
    CHECK((mask & (1ULL << (SIGPIPE - 1))) == 0);
}

TEST_CASE("what happens while a hook runs leads to one more run with all paths", "[agent][hooks]")
{
    const TempDir dir;
    boost::asio::io_context context(1);
    Hook hook(context.get_executor(), "in_step",
              script(dir,
                     "mkdir \"$1.lock\" || echo twice >>\"$1\"; cat >>\"$1\"; sleep 0.1; "
                     "rmdir \"$1.lock\""),
              "web", quick);

    for (int i = 0; i < 50; ++i) hook.occurred(at("d", {std::to_string(i)}));
    hook.occurred(at("other", {"x"}));
    run_all(context);

    const std::string text = text_of(dir / "out");
    CHECK(lines_of(dir / "out") == 3);  // the first, the other 49, the other destination
    CHECK_THAT(text, !Contains("twice") && Contains(R"("1","10","11")"));
}

TEST_CASE("paths beyond the bound are left out, and said to be", "[agent][hooks]")
{
    const TempDir dir;
    boost::asio::io_context context(1);
    HookLimits limits = quick;
    limits.path_bytes = 4;
    Hook hook(context.get_executor(), "in_step", script(dir, "cat >>\"$1\""), "web", limits);

    hook.occurred(at("d", {"a", "b", "c"}));
    run_all(context);

    CHECK_THAT(text_of(dir / "out"), Contains(R"("paths":["a","b"],"paths_left_out":true)"));
}

TEST_CASE("a hook that hangs is ended with its children, and the next one runs", "[agent][hooks]")
{
    const TempDir dir;
    boost::asio::io_context context(1);
    const std::string deaf = GENERATE(std::string(), std::string("trap '' TERM; "));
    Hook hook(context.get_executor(), "in_step",
              script(dir, deaf + "[ -e \"$1.first\" ] && { echo ran >>\"$1\"; exit; }\n"
                                 "touch \"$1.first\"; sleep 600 & echo $! >\"$1.pid\"; wait; wait"),
              "web", quick);

    hook.occurred(at("d"));
    hook.occurred(at("d"));
    run_all(context);

    CHECK(text_of(dir / "out") == "ran\n");
    CHECK(until([&] { return !alive(dir / "out.pid"); }, std::chrono::seconds(5)));
}

TEST_CASE("a stop ends the hook that runs and starts no other", "[agent][hooks]")
{
    const TempDir dir;
    boost::asio::io_context context(1);
    HookLimits limits = quick;
    limits.run = std::chrono::hours(1);
    Hook hook(context.get_executor(), "in_step",
              script(dir, "trap '' TERM; echo $$ >\"$1.pid\"; echo ran >>\"$1\"; sleep 600"), "web",
              limits);
    hook.occurred(at("d"));
    hook.occurred(at("d"));
    context.run_for(milliseconds(1));
    while (lines_of(dir / "out") == 0) context.run_for(milliseconds(2));

    hook.stop();
    run_all(context);

    CHECK(lines_of(dir / "out") == 1);
    CHECK(until([&] { return !alive(dir / "out.pid"); }, std::chrono::seconds(5)));
}

TEST_CASE("a hook may say more than is kept, fail, or not be there", "[agent][hooks]")
{
    const TempDir dir;
    boost::asio::io_context context(1);
    const std::vector<std::string> argv =
        script(dir, "head -c 1000000 /dev/zero | tr '\\0' x; echo said >>\"$1\"; exit 3");
    Hook hook(context.get_executor(), "in_step", argv, "web", quick);
    Hook none(context.get_executor(), "in_step", {dir / "none"}, "web", quick);

    hook.occurred(at("d"));
    none.occurred(at("d"));
    run_all(context);
    hook.occurred(at("d"));
    run_all(context);

    CHECK(lines_of(dir / "out") == 2);
    CHECK(why_not_a_program(argv.front()).empty());
    CHECK(why_not_a_program(dir / "none") == "No such file or directory");
    CHECK(why_not_a_program(dir.path()) == "not a file");
    set_mode(argv.front(), 0644);
    CHECK(why_not_a_program(argv.front()) == "Permission denied");
}

}  // namespace lockstep::agent
