#include "tests/support/real_daemon.h"

#include "tests/support/until.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <stdexcept>

namespace lockstep::testing {

using std::chrono::seconds;

namespace {

void signal_each(const std::vector<pid_t>& pids, int signal)
{
    for (const pid_t pid : pids) ::kill(pid, signal);
}

}  // namespace

RealDaemon::RealDaemon(std::vector<Module> modules, DaemonOptions options)
    : modules_(std::move(modules)), options_(std::move(options))
{
    write_config();
    if (options_.start) start();
}

pid_t RealDaemon::pid() const
{
    return child_ ? child_->pid() : -1;
}

bool RealDaemon::running() const
{
    return child_ && child_->running();
}

std::string RealDaemon::url(const std::string& module, const std::string& below) const
{
    return url_at(port(), module, below);
}

std::string RealDaemon::url_at(std::uint16_t port, const std::string& module,
                               const std::string& below) const
{
    const auto found = std::find_if(modules_.begin(), modules_.end(),
                                    [&](const Module& m) { return m.name == module; });
    const std::string user =
        found == modules_.end() || found->user.empty() ? "" : found->user + "@";
    const std::string host = options_.address.find(':') == std::string::npos
                                 ? options_.address
                                 : "[" + options_.address + "]";
    return "rsync://" + user + host + ":" + std::to_string(port) + "/" + module +
           (below.empty() ? "" : "/" + below);
}

void RealDaemon::start()
{
    child_.reset();
    Command command;
    command.argv = {options_.rsync,
                    "--daemon",
                    "--no-detach",
                    "--config=" + dir_ / "rsyncd.conf",
                    "--port=" + std::to_string(port()),
                    "--address=" + options_.address};
    command.stdout_file = dir_ / "out";
    command.stderr_file = dir_ / "out";
    child_ = std::make_unique<Child>(command);
    const bool listens =
        until([&] { return is_listening(port()) || !child_->running(); }, seconds(10));
    if (!listens || !child_->running())
        throw std::runtime_error("rsync daemon does not listen: " + log_text());
}

void RealDaemon::stop()
{
    if (!child_) return;
    child_->signal(SIGTERM);
    child_->wait(seconds(5));
    child_.reset();
}

void RealDaemon::kill9()
{
    child_.reset();
}

void RealDaemon::restart()
{
    stop();
    start();
}

void RealDaemon::set_modules(std::vector<Module> modules)
{
    modules_ = std::move(modules);
    write_config();
}

std::vector<pid_t> RealDaemon::sessions() const
{
    return child_ ? group_members(child_->pid()) : std::vector<pid_t>{};
}

void RealDaemon::signal_sessions(int signal) const
{
    signal_each(sessions(), signal);
}

std::size_t RealDaemon::kill_sessions() const
{
    const std::vector<pid_t> pids = sessions();
    // At one moment: the receiver would tidy up if it heard of the generator's end.
    signal_each(pids, SIGSTOP);
    signal_each(pids, SIGKILL);
    return pids.size();
}

std::string RealDaemon::log_text() const
{
    std::string text;
    for (const char* name : {"out", "log"})
        if (exists(dir_ / name)) text += read_file(dir_ / name);
    return text;
}

void RealDaemon::write_config() const
{
    std::string text = "use chroot = no\nmunge symlinks = no\nreverse lookup = no\n";
    text += "log file = " + dir_ / "log" + "\nlock file = " + dir_ / "lock" + "\n";
    if (::geteuid() == 0) text += "uid = root\ngid = root\n";
    for (const std::string& line : options_.lines) text += line + "\n";
    for (const Module& module : modules_) {
        text += "[" + module.name + "]\npath = " + module.path + "\nread only = no\nlist = yes\n";
        if (!module.user.empty()) {
            const std::string secrets = dir_ / (module.name + ".secrets");
            write_file(secrets, module.user + ":" + module.password + "\n");
            set_mode(secrets, 0600);
            text += "auth users = " + module.user + "\nsecrets file = " + secrets + "\n";
        }
        for (const std::string& line : module.lines) text += line + "\n";
    }
    replace_file(dir_ / "rsyncd.conf", text);
}

}  // namespace lockstep::testing
