#include "transport/program_command.h"

#include "base/error.h"
#include "base/path.h"
#include "transport/args.h"

#include <chrono>

namespace lockstep::transport {
namespace {

bool is_plain(char c)
{
    const auto byte = static_cast<unsigned char>(c);
    const bool alphanumeric =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return alphanumeric || byte >= 0x80 ||
           std::string_view("-_./=,:+@%").find(c) != std::string_view::npos;
}

std::vector<std::string> ssh_to(const Endpoint& endpoint)
{
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(endpoint.timeout);
    std::vector<std::string> argv = endpoint.ssh;
    // Nobody is there to be asked; what the user's configuration forwards is not ours to open.
    for (const char* option : {"-T", "-x", "-a", "-oBatchMode=yes", "-oClearAllForwardings=yes"})
        argv.emplace_back(option);
    argv.push_back("-oConnectTimeout=" + std::to_string(seconds.count()));
    if (endpoint.port != 0) argv.push_back("-p" + std::to_string(endpoint.port));
    if (!endpoint.user.empty()) argv.push_back("-l" + endpoint.user);
    argv.emplace_back("--");
    argv.push_back(endpoint.host);
    return argv;
}

}  // namespace

std::string for_shell(const std::vector<std::string>& words)
{
    std::string line;
    for (const std::string& word : words) {
        if (!line.empty()) line += ' ';
        if (word.empty()) line += "''";
        for (const char c : word) {
            const auto byte = static_cast<unsigned char>(c);
            if (byte < 0x20 || c == 0x7f)
                throw Error(ErrorKind::refused_option, Remedy::needs_person,
                            "a remote shell cannot be told " + quoted(word));
            if (!is_plain(c)) line += '\\';
            line += c;
        }
    }
    return line;
}

std::vector<std::string> receiver_command(const Endpoint& endpoint, const PushOptions& options)
{
    std::vector<std::string> rsync = {"rsync"};
    for (std::string& word :
         program_args(options, endpoint.protocol_max, endpoint.path, endpoint.asks_for_messages))
        rsync.push_back(std::move(word));
    if (endpoint.reach != Reach::ssh) return rsync;
    std::vector<std::string> argv = ssh_to(endpoint);
    argv.push_back(for_shell(rsync));
    return argv;
}

std::string receiver_name(const Endpoint& endpoint)
{
    if (endpoint.reach != Reach::ssh) return "rsync on this machine";
    const std::string user = endpoint.user.empty() ? "" : escaped(endpoint.user) + "@";
    const std::string port = endpoint.port == 0 ? "" : " port " + std::to_string(endpoint.port);
    return "ssh " + user + escaped(endpoint.host) + port;
}

}  // namespace lockstep::transport
