#include "agent/advice.h"

#include "watcher/limits.h"

namespace lockstep::agent {

namespace {

// What is another thing to do where no daemon is; else empty.
std::string advice_for_ssh(ErrorKind kind)
{
    switch (kind) {
        case ErrorKind::unreachable:
            return "check that `ssh` gets there with nobody to answer it, as the agent's user: "
                   "`ssh -oBatchMode=yes HOST rsync --version`; retried by itself";
        case ErrorKind::auth:
            return "check the key, the agent's ssh configuration and known_hosts: `ssh "
                   "-oBatchMode=yes HOST rsync --version` must work as the agent's user, then "
                   "`lockstep resume`";
        case ErrorKind::no_module:
            return "make the directory above the destination there, then `lockstep resume`";
        case ErrorKind::refused_option:
            return "install rsync 3.1.1 or later there (3.2.0 for `compress`), or leave out what "
                   "needs the option here, then `lockstep resume`";
        case ErrorKind::busy:
            return "the other end takes no more sessions now; retried by itself";
        case ErrorKind::permission:
            return "give the agent the right to read it here, or the user at the other end the "
                   "right to write it there";
        case ErrorKind::protocol:
            return "check that `ssh -oBatchMode=yes HOST rsync --version` prints rsync's version "
                   "and nothing else, as the agent's user";
        default:
            return {};
    }
}

std::string advice_for_file(ErrorKind kind)
{
    switch (kind) {
        case ErrorKind::unreachable:
        case ErrorKind::protocol:
            return "see what rsync says; retried by itself";
        case ErrorKind::no_module:
            return "make the directory above the destination, or mount it, then `lockstep resume`";
        case ErrorKind::refused_option:
            return "install rsync 3.1.1 or later (3.2.0 for `compress`), then `lockstep resume`";
        case ErrorKind::permission:
            return "give the agent's user the right to read the source and to write the "
                   "destination; under systemd that takes ReadWritePaths= and capabilities";
        case ErrorKind::local:
            return "check that rsync is installed; see the agent's log";
        default:
            return {};
    }
}

std::string advice_for_daemon(ErrorKind kind)
{
    switch (kind) {
        case ErrorKind::unreachable:
            return "check that the host is up and that its rsync daemon listens on this port; "
                   "retried by itself";
        case ErrorKind::timeout:
            return "the peer does not answer in time; retried by itself; raise `timeout` for slow "
                   "links";
        case ErrorKind::auth:
            return "check user and password_file here against `auth users`, `secrets file` "
                   "and `hosts allow` there, then "
                   "`lockstep resume`";
        case ErrorKind::no_module:
            return "check the module's name against rsyncd.conf there, and `hosts allow`, then "
                   "`lockstep resume`";
        case ErrorKind::read_only:
            return "set `read only = no` for this module and user in rsyncd.conf, then `lockstep "
                   "resume`";
        case ErrorKind::refused_option:
            return "allow the option in `refuse options` of rsyncd.conf, or leave out what needs "
                   "it here, then "
                   "`lockstep resume`";
        case ErrorKind::busy:
            return "the daemon's `max connections` is reached; retried by itself";
        case ErrorKind::permission:
            return "give the agent the right to read it here, or the daemon's uid the right to "
                   "write it there";
        case ErrorKind::no_space:
            return "free space at the destination; retried by itself";
        case ErrorKind::vanished:
            return "it changed while it was sent; looked at again by itself";
        case ErrorKind::protocol:
            return "see the daemon's log; retried by itself";
        case ErrorKind::max_delete:
            return "if these deletions are meant: `lockstep resume --accept-deletes NAME`; else "
                   "restore the source";
        case ErrorKind::source:
            return "restore or mount the source directory; goes on by itself";
        case ErrorKind::tls:
            return "check the certificates: the other end's and `ca_file`, ours and `cert_file`; "
                   "then `lockstep resume`";
        case ErrorKind::local:
            return "see the agent's log";
    }
    return {};
}

}  // namespace

std::string advice_for(ErrorKind kind, config::Scheme scheme)
{
    std::string advice;
    if (scheme == config::Scheme::ssh) advice = advice_for_ssh(kind);
    if (scheme == config::Scheme::file) advice = advice_for_file(kind);
    return advice.empty() ? advice_for_daemon(kind) : advice;
}

std::string source_advice(const config::Mapping& mapping)
{
    const std::string file_system = watcher::unwatchable_file_system(mapping.source);
    if (file_system.empty() || mapping.watch == config::Watch::poll) return {};
    const std::string where = "the source is on " + file_system + ": ";
    if (mapping.watch == config::Watch::automatic && watcher::changes_unseen(mapping.source))
        return where + "it is polled, every poll_interval";
    return where + "changes made by other hosts are not seen; set watch: poll, or full_sync.every";
}

}  // namespace lockstep::agent
