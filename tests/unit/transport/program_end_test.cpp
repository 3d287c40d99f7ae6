// What an exit status and last words mean.
#include "transport/program_end.h"

#include <catch2/catch.hpp>

#include <csignal>

namespace lockstep::transport {
namespace {

struct Case {
    Reach reach;
    int code;
    std::string errors;
    std::string_view kind;
    Remedy remedy;
};

ProgramEnd end_of(const Case& one)
{
    ProgramEnd end;
    end.reach = one.reach;
    end.name = "ssh u@h";
    end.status = one.code << 8;
    end.last_words = one.errors;
    return end;
}

}  // namespace

TEST_CASE("what a program ended with becomes a kind and a remedy", "[transport][program]")
{
    const Case one = GENERATE(
        Case{Reach::ssh, 255, "u@h: Permission denied (publickey).\r\n", "auth",
             Remedy::needs_person},
        Case{Reach::ssh, 255, "Host key verification failed.\r\n", "auth", Remedy::needs_person},
        Case{Reach::ssh, 255, "ssh: connect to host h port 22: Connection refused\r\n",
             "unreachable", Remedy::retry},
        Case{Reach::ssh, 255, "", "unreachable", Remedy::retry},
        Case{Reach::ssh, 127, "sh: 1: rsync: not found\n", "protocol", Remedy::needs_person},
        Case{Reach::ssh, 1, "rsync: --force: unknown option\n", "refused_option",
             Remedy::needs_person},
        Case{Reach::local, 255, "whatever", "unreachable", Remedy::retry},
        Case{Reach::local, 11, "rsync: write failed on \"x\": No space left on device (28)\n",
             "no_space", Remedy::retry},
        Case{Reach::local, 3, "rsync: mkdir \"/x\" failed: Permission denied (13)\n", "permission",
             Remedy::needs_person},
        Case{Reach::local, 30, "", "timeout", Remedy::retry},
        Case{Reach::local, 12, "rsync error: error in rsync protocol data stream", "unreachable",
             Remedy::retry});
    INFO("status " << one.code << ": " << one.errors);

    const std::optional<Error> trouble = trouble_of(end_of(one));

    REQUIRE(trouble);
    CHECK(name_of(trouble->kind()) == one.kind);
    CHECK(trouble->remedy() == one.remedy);
    CHECK_THAT(trouble->what(), Catch::StartsWith("ssh u@h: "));
    CHECK_THAT(trouble->what(), Catch::Contains("exit status " + std::to_string(one.code)));
}

TEST_CASE("what the session was told file by file is no trouble of its end", "[transport][program]")
{
    for (const int code : {0, 23, 24, 25})
        CHECK_FALSE(trouble_of(end_of({Reach::ssh, code, "rsync error: partial", "", {}})));
}

TEST_CASE("last words are shown escaped and bounded", "[transport][program]")
{
    const std::string words = std::string(10'000, 'x') + "\x1b[31m";
    const std::optional<Error> trouble = trouble_of(end_of({Reach::ssh, 255, words, "", {}}));

    REQUIRE(trouble);
    const std::string what = trouble->what();
    CHECK(what.size() < 1200);
    CHECK(what.find('\x1b') == std::string::npos);
}

TEST_CASE("a program that was killed is tried again", "[transport][program]")
{
    ProgramEnd end;
    end.name = "rsync on this machine";
    end.status = SIGKILL;

    const std::optional<Error> trouble = trouble_of(end);

    REQUIRE(trouble);
    CHECK(trouble->remedy() == Remedy::retry);
    CHECK_THAT(trouble->what(), Catch::Contains("ended by signal 9"));
}

}  // namespace lockstep::transport
