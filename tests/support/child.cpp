#include "tests/support/child.h"

#include "tests/support/temp_tree.h"
#include "tests/support/until.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>

namespace lockstep::testing {

namespace {

Fd open_output(const std::optional<std::string>& file, const char* name)
{
    Fd fd(file ? ::open(file->c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)
               : ::memfd_create(name, MFD_CLOEXEC));
    if (!fd)
        throw std::runtime_error("open for " + file.value_or(name) + ": " + std::strerror(errno));
    return fd;
}

// The test's environment with `extra` over it.
std::vector<std::string> environment(const std::vector<std::string>& extra)
{
    std::vector<std::string> all = extra;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string line = *entry;
        const std::string name = line.substr(0, line.find('=') + 1);
        const bool given = std::any_of(extra.begin(), extra.end(),
                                       [&](const std::string& e) { return e.starts_with(name); });
        if (!given) all.push_back(line);
    }
    return all;
}

std::vector<char*> pointers(std::vector<std::string>& strings)
{
    std::vector<char*> result;
    for (std::string& s : strings) result.push_back(s.data());
    result.push_back(nullptr);
    return result;
}

// Between fork and exec: async-signal-safe calls only. Writes what failed and ends.
struct Launch {
    char** argv;
    char** envp;
    const char* directory;  // nullptr: stay
    int out;
    int err;
    uid_t uid;
    gid_t gid;
    bool drop;
    pid_t parent;
    int report;  // errno goes here when exec did not happen

    [[noreturn]] void go() const
    {
        ::setpgid(0, 0);
        const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        ::dup2(null, 0);
        ::dup2(out, 1);
        ::dup2(err, 2);
        // As whom we are: the other user may not enter the folder that it is in.
        const int program = drop && argv[0][0] == '/' ? ::open(argv[0], O_PATH | O_CLOEXEC) : -1;
        bool fine = directory == nullptr || ::chdir(directory) == 0;
        if (fine && drop)
            fine = ::setgroups(0, nullptr) == 0 && ::setresgid(gid, gid, gid) == 0 &&
                   ::setresuid(uid, uid, uid) == 0;
        // After the change of user, which clears it.
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != parent) ::_exit(127);
        sigset_t none;
        ::sigemptyset(&none);
        ::sigprocmask(SIG_SETMASK, &none, nullptr);
        ::signal(SIGPIPE, SIG_DFL);
        if (fine && program >= 0) ::fexecve(program, argv, envp);
        if (fine) ::execvpe(argv[0], argv, envp);
        const int error = errno;
        [[maybe_unused]] const ssize_t n = ::write(report, &error, sizeof error);
        ::_exit(127);
    }
};

std::string content(int fd)
{
    std::string text;
    std::array<char, 65536> buffer{};
    while (true) {
        const ssize_t n =
            ::pread(fd, buffer.data(), buffer.size(), static_cast<off_t>(text.size()));
        if (n <= 0) return text;
        text.append(buffer.data(), static_cast<std::size_t>(n));
    }
}

// The fields of /proc/PID/stat from the third on (state is [0]); empty when the process is gone.
std::vector<std::string> stat_fields(const std::string& pid)
{
    std::string text;
    try {
        text = read_file("/proc/" + pid + "/stat");
    } catch (const std::exception&) {
        return {};
    }
    std::istringstream in(text.substr(text.rfind(')') + 1));  // the name may hold anything
    std::vector<std::string> fields;
    for (std::string field; in >> field;) fields.push_back(field);
    return fields;
}

}  // namespace

Child::Child(const Command& command)
    : out_(open_output(command.stdout_file, "stdout")),
      err_(open_output(command.stderr_file, "stderr"))
{
    std::vector<std::string> argv = command.argv;
    std::vector<std::string> env = environment(command.env);
    std::vector<char*> argv_pointers = pointers(argv);
    std::vector<char*> env_pointers = pointers(env);
    std::array<int, 2> report{};
    if (::pipe2(report.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2 failed");
    Fd report_read(report[0]);
    Fd report_write(report[1]);
    const Launch launch{
        .argv = argv_pointers.data(),
        .envp = env_pointers.data(),
        .directory = command.directory.empty() ? nullptr : command.directory.c_str(),
        .out = out_.get(),
        .err = err_.get(),
        .uid = command.uid.value_or(0),
        .gid = command.gid.value_or(command.uid.value_or(0)),
        .drop = command.uid.has_value(),
        .parent = ::getpid(),
        .report = report_write.get()};
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error(std::string("fork: ") + std::strerror(errno));
    if (pid_ == 0) launch.go();
    ::setpgid(pid_, pid_);  // both sides: whoever comes first
    // glibc 2.36 declares pidfd_open for C only.
    pidfd_ = Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));

    report_write = Fd();
    int error = 0;
    if (::read(report_read.get(), &error, sizeof error) == sizeof error) {
        ::waitpid(pid_, nullptr, 0);
        throw std::runtime_error("start " + argv.at(0) + ": " + std::strerror(error));
    }
}

Child::~Child()
{
    kill_group();
}

bool Child::running()
{
    return !wait(std::chrono::milliseconds(0)).has_value();
}

std::optional<int> Child::wait(std::chrono::milliseconds bound)
{
    if (result_) return result_;
    const auto deadline = std::chrono::steady_clock::now() + bound * patience;
    while (true) {
        // Left unreaped until kill_group: as long as it is a zombie, its number names no stranger.
        siginfo_t info{};
        const int answer =
            ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
        if (answer == 0 && info.si_pid == pid_) {
            result_ = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
            return result_;
        }
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        if (left.count() <= 0) return std::nullopt;
        pollfd ready{pidfd_.get(), POLLIN, 0};
        ::poll(&ready, 1, static_cast<int>(left.count()));
    }
}

void Child::signal(int number) const
{
    if (!reaped_) ::kill(pid_, number);
}

void Child::kill_group()
{
    if (reaped_) return;
    ::kill(-pid_, SIGKILL);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    reaped_ = true;
    // The others die in their own time, and hold what they had until then: a port, a file.
    until([&] { return ::kill(-pid_, 0) != 0 || group_members(pid_).empty(); },
          std::chrono::seconds(5));
    if (!result_) result_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string Child::out() const
{
    return content(out_.get());
}

std::string Child::err() const
{
    return content(err_.get());
}

Output run(const Command& command, std::chrono::milliseconds bound)
{
    Child child(command);
    const std::optional<int> code = child.wait(bound);
    if (!code) child.kill_group();
    return {code.value_or(-1), child.out(), child.err()};
}

Output run(const std::vector<std::string>& argv)
{
    Command command;
    command.argv = argv;
    return run(command);
}

std::vector<pid_t> group_members(pid_t leader)
{
    std::vector<pid_t> members;
    for (const std::string& name : names_in("/proc")) {
        if (name.find_first_not_of("0123456789") != std::string::npos) continue;
        const std::vector<std::string> fields = stat_fields(name);
        if (fields.size() > 2 && fields[2] == std::to_string(leader) && fields[0] != "Z" &&
            name != std::to_string(leader))
            members.push_back(static_cast<pid_t>(std::stol(name)));
    }
    return members;
}

std::vector<pid_t> descendants(pid_t ancestor)
{
    std::multimap<std::string, std::string> children;
    for (const std::string& name : names_in("/proc")) {
        if (name.find_first_not_of("0123456789") != std::string::npos) continue;
        const std::vector<std::string> fields = stat_fields(name);
        if (fields.size() > 1) children.emplace(fields[1], name);
    }
    std::vector<pid_t> found;
    std::vector<std::string> open{std::to_string(ancestor)};
    while (!open.empty()) {
        const auto [begin, end] = children.equal_range(open.back());
        open.pop_back();
        for (auto child = begin; child != end; ++child) {
            open.push_back(child->second);
            found.push_back(static_cast<pid_t>(std::stol(child->second)));
        }
    }
    return found;
}

bool runs(pid_t pid)
{
    const std::vector<std::string> fields = stat_fields(std::to_string(pid));
    return !fields.empty() && fields[0] != "Z" && fields[0] != "X";
}

std::uint64_t resident_bytes(pid_t pid)
{
    const std::vector<std::string> fields = stat_fields(std::to_string(pid));
    if (fields.size() < 22) return 0;
    return std::stoull(fields[21]) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::uint64_t peak_resident_bytes(pid_t pid)
{
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    std::string word;
    while (status >> word) {
        std::uint64_t kib = 0;
        if (word == "VmHWM:" && status >> kib) return kib * 1024;
    }
    return 0;
}

std::chrono::milliseconds cpu_time(pid_t pid)
{
    const std::vector<std::string> fields = stat_fields(std::to_string(pid));
    if (fields.size() < 13) return std::chrono::milliseconds(0);
    const long long ticks = std::stoll(fields[11]) + std::stoll(fields[12]);
    return std::chrono::milliseconds(ticks * 1000 / ::sysconf(_SC_CLK_TCK));
}

std::size_t open_descriptors(pid_t pid)
{
    try {
        return names_in("/proc/" + std::to_string(pid) + "/fd").size();
    } catch (const std::exception&) {
        return 0;
    }
}

}  // namespace lockstep::testing
