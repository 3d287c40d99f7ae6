// The command line of a receiver, here and through a remote shell.
#include "transport/program_command.h"

#include "base/error.h"
#include "tests/support/child.h"

#include <catch2/catch.hpp>

#include <algorithm>

namespace lockstep::transport {
namespace {

using Words = std::vector<std::string>;

bool has(const Words& words, const std::string& word)
{
    return std::ranges::find(words, word) != words.end();
}

}  // namespace

TEST_CASE("a shell gives back the words that it was told", "[transport][program]")
{
    std::string every_byte;
    for (int byte = 0x20; byte < 0x100; ++byte)
        if (byte != 0x7f) every_byte += static_cast<char>(byte);
    const Words words = {"printf",           "%s\\n",   "~",       "-x",    "a b",
                         "$HOME `id` $(id)", "it's \"", "* ? [a]", "{a,b}", "back\\slash",
                         "#no comment",      "!! !$",   "",        "  ",    every_byte,
                         "~root/=x"};

    const testing::Output said = testing::run({"sh", "-c", for_shell(words)});

    std::string expected;
    for (std::size_t i = 2; i < words.size(); ++i) expected += words[i] + "\n";
    CHECK(said.exit_code == 0);
    CHECK((said.out == expected));
    CHECK_THROWS_AS(for_shell({"a\nb"}), Error);
}

TEST_CASE("a local receiver gets its words as they are", "[transport][program]")
{
    Endpoint endpoint;
    endpoint.reach = Reach::local;
    endpoint.path = "/mnt/a b*";
    PushOptions options;
    options.backup_suffix = "~\\ $";
    options.timeout_s = 60;

    const Words argv = receiver_command(endpoint, options);

    CHECK(argv[0] == "rsync");
    CHECK(argv[1] == "--server");
    CHECK(has(argv, "--suffix=~\\ $"));
    CHECK(has(argv, "--timeout=60"));
    CHECK(argv[argv.size() - 2] == ".");
    CHECK(argv.back() == "/mnt/a b*/");
    CHECK_FALSE(has(argv, "--sender"));
}

TEST_CASE("ssh is told whom to reach, and asks nobody", "[transport][program]")
{
    Endpoint endpoint;
    endpoint.reach = Reach::ssh;
    endpoint.host = "host";
    endpoint.user = "user";
    endpoint.port = 2222;
    endpoint.path = "/srv/a b";

    Words argv = receiver_command(endpoint, PushOptions());

    CHECK(argv.front() == "ssh");
    CHECK(has(argv, "-oBatchMode=yes"));
    CHECK(has(argv, "-luser"));
    CHECK(has(argv, "-p2222"));
    CHECK(argv[argv.size() - 3] == "--");
    CHECK(argv[argv.size() - 2] == "host");
    CHECK_THAT(argv.back(), Catch::StartsWith("rsync --server -"));
    CHECK_THAT(argv.back(), Catch::EndsWith(" . /srv/a\\ b/"));

    // As the user's own configuration of ssh has them.
    endpoint.user.clear();
    endpoint.port = 0;
    argv = receiver_command(endpoint, PushOptions());
    CHECK(std::ranges::none_of(argv, [](const std::string& word) {
        return word.starts_with("-l") || word.starts_with("-p");
    }));
}

}  // namespace lockstep::transport
