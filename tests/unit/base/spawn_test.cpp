// What a program gets of ours: nothing but what it is given.
#include "base/spawn.h"

#include "tests/support/child.h"
#include "tests/support/temp_tree.h"
#include "tests/support/until.h"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>

#include <csignal>
#include <system_error>

namespace lockstep {
namespace {

using testing::TempDir;
using testing::operator/;

struct Files {
    TempDir dir;
    Fd null{::open("/dev/null", O_RDWR | O_CLOEXEC)};
    Fd out{::open((dir / "out").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600)};

    Spawn shell(const std::string& script) const
    {
        Spawn program;
        program.argv = {"sh", "-c", script};
        program.input = null.get();
        program.output = out.get();
        program.errors = out.get();
        return program;
    }
    std::string said() const { return testing::read_file(dir / "out"); }
};

int end_of(Spawned& spawned)
{
    pollfd ended{spawned.ended.get(), POLLIN, 0};
    REQUIRE(::poll(&ended, 1, 10'000) == 1);
    const std::optional<int> status = spawned.reap();
    REQUIRE(status);
    return *status;
}

}  // namespace

TEST_CASE("a program has three descriptors, and signals as they are by default", "[base][spawn]")
{
    const Files files;
    const Fd not_closed_on_exec(::open("/dev/null", O_RDONLY));
    sigset_t blocked;
    sigset_t before;
    ::sigemptyset(&blocked);
    ::sigaddset(&blocked, SIGUSR1);
    ::sigprocmask(SIG_BLOCK, &blocked, &before);
    const auto pipe_before = std::signal(SIGPIPE, SIG_IGN);

    Spawned lists = spawn(files.shell("ls /proc/$$/fd"));
    CHECK(end_of(lists) == 0);
    // Itself: a shell blocks signals while it starts something.
    Spawn reads = files.shell("");
    reads.argv = {"grep", "-E", "SigBlk|SigIgn", "/proc/self/status"};
    Spawned read = spawn(reads);
    CHECK(end_of(read) == 0);

    std::signal(SIGPIPE, pipe_before);
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    const std::string said = files.said();
    CHECK_THAT(said, Catch::StartsWith("0\n1\n2\nSigBlk:\t0000000000000000\nSigIgn:\t"));
    // The C library keeps two above the standard ones for itself.
    CHECK((std::stoull(said.substr(said.rfind('\t') + 1), nullptr, 16) & 0x7fff'ffff) == 0);
}

TEST_CASE("a program that is not there is told from one that fails", "[base][spawn]")
{
    const Files files;
    Spawn program = files.shell("exit 3");
    Spawned spawned = spawn(program);
    CHECK(WEXITSTATUS(end_of(spawned)) == 3);

    program.argv = {"no-such-program-anywhere"};
    try {
        spawn(program);
        FAIL("it was started");
    } catch (const std::system_error& error) {
        CHECK(error.code().value() == ENOENT);
    }
}

TEST_CASE("a program ends with its owner, and so does what it started", "[base][spawn]")
{
    const Files files;
    const bool own_session = GENERATE(false, true);
    pid_t leader = -1;
    pid_t other = -1;
    {
        Spawn program = files.shell("sleep 1000 & echo $!; wait");
        program.own_session = own_session;
        const Spawned spawned = spawn(program);
        leader = spawned.id();
        CHECK((::getsid(leader) == leader) == own_session);
        CHECK(::getpgid(leader) == leader);
        REQUIRE(
            testing::until([&] { return files.said().ends_with('\n'); }, std::chrono::seconds(10)));
        other = std::stoi(files.said());
    }
    CHECK(::kill(leader, 0) == -1);  // reaped
    // Whose child it is now is somebody else's matter.
    CHECK(testing::until([&] { return !testing::runs(other); }, std::chrono::seconds(10)));
}

}  // namespace lockstep
