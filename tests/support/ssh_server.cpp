#include "tests/support/ssh_server.h"

#include "tests/support/until.h"

#include <unistd.h>

#include <csignal>
#include <stdexcept>

namespace lockstep::testing {
namespace {

void make_key(const std::string& file)
{
    const Output output = run({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file});
    if (output.exit_code != 0) throw std::runtime_error("ssh-keygen: " + output.err);
}

}  // namespace

SshServer::SshServer(const std::vector<std::string>& environment)
{
    for (const char* key : {"host", "other_host", "user", "other_user"}) make_key(dir_ / key);
    write_file(dir_ / "authorized", read_file(dir_ / "user.pub"));
    std::string text = "Port " + std::to_string(port()) + "\nListenAddress 127.0.0.1\n";
    text += "HostKey " + dir_ / "host" + "\nAuthorizedKeysFile " + dir_ / "authorized" + "\n";
    text +=
        "PidFile none\nUsePAM no\nStrictModes no\nPasswordAuthentication no\n"
        "KbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n";
    make_dirs(dir_ / "home");
    text += "SetEnv HOME=" + dir_ / "home";  // one line: the first is the only one that counts
    for (const std::string& variable : environment) text += " " + variable;
    text += "\n";
    write_file(dir_ / "sshd_config", text);
    write_client("user", "host");
    write_file(path() + "/ssh",
               "#!/bin/sh\nexec /usr/bin/ssh -F " + dir_ / "ssh_config" + " \"$@\"\n");
    set_mode(path() + "/ssh", 0755);
    if (::geteuid() == 0) make_dirs("/run/sshd");  // it insists; packages make it at boot
    start();
}

void SshServer::start()
{
    Command command;
    command.argv = {"/usr/sbin/sshd", "-D", "-e", "-f", dir_ / "sshd_config"};
    command.stdout_file = dir_ / "log";
    command.stderr_file = dir_ / "log";
    child_ = std::make_unique<Child>(command);
    const bool listens =
        until([&] { return is_listening(port()) || !child_->running(); }, std::chrono::seconds(10));
    if (!listens || !child_->running())
        throw std::runtime_error("sshd does not listen: " + log_text());
}

SshServer::~SshServer()
{
    stop_sharing();
    stop();
}

// Each connection is a session of its own, which its server's end does not end.
void SshServer::stop()
{
    if (!child_) return;
    const std::vector<pid_t> connections = descendants(child_->pid());
    child_.reset();
    for (const pid_t pid : connections) ::kill(pid, SIGKILL);
}

std::vector<pid_t> SshServer::sessions() const
{
    return child_ ? descendants(child_->pid()) : std::vector<pid_t>();
}

std::vector<std::string> SshServer::client() const
{
    return {"ssh", "-F", dir_ / "ssh_config"};
}

void SshServer::use_unknown_key()
{
    write_client("other_user", "host");
}

void SshServer::use_known_key()
{
    write_client("user", "host");
}

void SshServer::expect_another_host_key()
{
    write_client("user", "other_host");
}

void SshServer::share_connections()
{
    shares_ = true;
    append_file(dir_ / "ssh_config",
                "ControlMaster auto\nControlPath " + dir_ / "line" + "\nControlPersist 60\n");
}

void SshServer::stop_sharing()
{
    if (!shares_) return;
    shares_ = false;
    std::vector<std::string> argv = client();
    for (const std::string& word : {std::string("-p"), std::to_string(port()), std::string("-O"),
                                    std::string("exit"), std::string("127.0.0.1")})
        argv.push_back(word);
    run(argv);
}

std::string SshServer::log_text() const
{
    return exists(dir_ / "log") ? read_file(dir_ / "log") : "";
}

void SshServer::write_client(const std::string& key, const std::string& host_key) const
{
    replace_file(dir_ / "known_hosts", "[127.0.0.1]:" + std::to_string(port()) + " " +
                                           read_file(dir_ / (host_key + ".pub")));
    replace_file(dir_ / "ssh_config", "IdentityFile " + dir_ / key +
                                          "\nIdentitiesOnly yes\nIdentityAgent none\n"
                                          "GlobalKnownHostsFile none\nUserKnownHostsFile " +
                                          dir_ / "known_hosts" + "\nUpdateHostKeys no\n");
}

std::string ssh_url(const SshServer& server, const std::string& path)
{
    return "ssh://127.0.0.1:" + std::to_string(server.port()) + path;
}

}  // namespace lockstep::testing
