#include "base/spawn.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

namespace lockstep {
namespace {

void checked(int error)
{
    if (error != 0) throw std::system_error(error, std::generic_category());
}

class Settings {
public:
    explicit Settings(const Spawn& program)
    {
        checked(::posix_spawn_file_actions_init(&actions));
        checked(::posix_spawnattr_init(&attributes));
        give(program.input, STDIN_FILENO);
        give(program.output, STDOUT_FILENO);
        give(program.errors, STDERR_FILENO);
        checked(::posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1));
        if (!program.directory.empty())
            checked(::posix_spawn_file_actions_addchdir_np(&actions, program.directory.c_str()));
        sigset_t all;
        sigset_t none;
        ::sigfillset(&all);  // we ignore some, and a child would too
        ::sigemptyset(&none);
        checked(::posix_spawnattr_setsigdefault(&attributes, &all));
        checked(::posix_spawnattr_setsigmask(&attributes, &none));
        checked(::posix_spawnattr_setpgroup(&attributes, 0));
        const int group = program.own_session ? POSIX_SPAWN_SETSID : POSIX_SPAWN_SETPGROUP;
        checked(::posix_spawnattr_setflags(
            &attributes,
            static_cast<short>(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | group)));
    }
    ~Settings()
    {
        ::posix_spawnattr_destroy(&attributes);
        ::posix_spawn_file_actions_destroy(&actions);
    }
    Settings(const Settings&) = delete;
    Settings& operator=(const Settings&) = delete;

    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;

private:
    void give(int ours, int as) { checked(::posix_spawn_file_actions_adddup2(&actions, ours, as)); }
};

std::vector<char*> pointers(std::vector<std::string>& texts)
{
    std::vector<char*> all;
    all.reserve(texts.size() + 1);
    for (std::string& text : texts) all.push_back(text.data());
    all.push_back(nullptr);
    return all;
}

}  // namespace

Spawned::Spawned(Spawned&& other) noexcept
    : ended(std::move(other.ended)), id_(std::exchange(other.id_, -1))
{
}

Spawned& Spawned::operator=(Spawned&& other) noexcept
{
    std::swap(ended, other.ended);
    std::swap(id_, other.id_);
    return *this;
}

Spawned::~Spawned()
{
    if (id_ < 0) return;
    signal(SIGKILL);
    ::waitpid(id_, nullptr, 0);
}

void Spawned::signal(int number) const noexcept
{
    if (id_ > 0) ::kill(-id_, number);
}

bool Spawned::has_ended() const noexcept
{
    siginfo_t info{};
    if (id_ < 0) return true;
    const int result = ::waitid(P_PID, static_cast<id_t>(id_), &info, WEXITED | WNOHANG | WNOWAIT);
    return result != 0 || info.si_pid == id_;
}

std::optional<int> Spawned::reap() noexcept
{
    int status = 0;
    const pid_t reaped = id_ > 0 ? ::waitpid(id_, &status, WNOHANG) : -1;
    if (reaped == 0) return std::nullopt;
    if (reaped < 0) status = 0;  // by somebody else: nobody knows
    id_ = -1;
    return status;
}

Spawned spawn(const Spawn& program)
{
    const Settings settings(program);
    std::vector<std::string> words = program.argv;
    std::vector<std::string> variables = program.environment.value_or(std::vector<std::string>());
    std::vector<char*> theirs = pointers(variables);
    pid_t id = -1;
    checked(::posix_spawnp(&id, words.front().c_str(), &settings.actions, &settings.attributes,
                           pointers(words).data(), program.environment ? theirs.data() : environ));
    Spawned spawned(id);
    // Without it nobody would hear of its end.
    spawned.ended = Fd(static_cast<int>(::syscall(SYS_pidfd_open, id, 0)));
    if (!spawned.ended) throw std::system_error(errno, std::generic_category());
    return spawned;
}

Fd above_standard(Fd fd)
{
    if (fd.get() > STDERR_FILENO) return fd;
    const int copy = ::fcntl(fd.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (copy < 0) throw std::system_error(errno, std::generic_category());
    return Fd(copy);
}

}  // namespace lockstep
