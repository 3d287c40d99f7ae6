// What ends a session, from the daemon's words to what we throw (PROTOCOL.md 6.2, 6.3).
#include "base/path.h"
#include "transport/peer_text.h"

#include <array>

namespace lockstep::transport {
namespace {

struct Known {
    std::string_view words;
    ErrorKind kind;
    Remedy remedy;
};

// Busy, fork and lock file cure themselves; the rest needs somebody who changes a configuration.
constexpr std::array known_refusals = {
    Known{"Unknown module", ErrorKind::no_module, Remedy::needs_person},
    Known{"auth failed on module", ErrorKind::auth, Remedy::needs_person},
    Known{"your client does not support one of our daemon-auth checksums", ErrorKind::auth,
          Remedy::needs_person},
    Known{"access denied to", ErrorKind::auth, Remedy::needs_person},
    Known{"max connections", ErrorKind::busy, Remedy::retry},
    Known{"failed to open lock file", ErrorKind::busy, Remedy::retry},
    Known{"failed to open connection to lock", ErrorKind::busy, Remedy::retry},
    Known{"fork failed", ErrorKind::busy, Remedy::retry},
    Known{"chdir failed", ErrorKind::no_module, Remedy::needs_person},
    Known{"chroot failed", ErrorKind::no_module, Remedy::needs_person},
    Known{"no path setting", ErrorKind::no_module, Remedy::needs_person},
    Known{"invalid uid", ErrorKind::no_module, Remedy::needs_person},
    Known{"invalid gid", ErrorKind::no_module, Remedy::needs_person},
    Known{"setuid failed", ErrorKind::no_module, Remedy::needs_person},
    Known{"setgid failed", ErrorKind::no_module, Remedy::needs_person},
    Known{"setgroups failed", ErrorKind::no_module, Remedy::needs_person},
    Known{"early exec failed", ErrorKind::no_module, Remedy::needs_person},
    Known{"daemon security issue", ErrorKind::no_module, Remedy::needs_person},
    Known{"module is read only", ErrorKind::read_only, Remedy::needs_person},
    Known{"The server is configured to refuse", ErrorKind::refused_option, Remedy::needs_person},
    Known{"on remote machine:", ErrorKind::refused_option, Remedy::needs_person},
    Known{"unknown option", ErrorKind::refused_option, Remedy::needs_person},
    Known{"daemon has excluded destination", ErrorKind::permission, Remedy::needs_person},
    Known{"pre-xfer exec returned failure", ErrorKind::permission, Remedy::needs_person},
    Known{"failed: No such file or directory (2)", ErrorKind::no_module, Remedy::needs_person},
    Known{"cannot stat destination", ErrorKind::permission, Remedy::needs_person},
    Known{"change_dir", ErrorKind::permission, Remedy::needs_person},
    Known{"rejecting file transfer request for daemon excluded file", ErrorKind::permission,
          Remedy::retry},
};

// For a failing mkdir of the destination and the like: the errno says whether waiting can help.
Remedy remedy_for(ErrorKind kind)
{
    return kind == ErrorKind::permission ? Remedy::needs_person : Remedy::retry;
}

constexpr std::size_t shown_bytes_max = 1000;

}  // namespace

Error refusal(std::string_view line, std::string_view module, std::string_view user)
{
    while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
    ErrorKind kind = kind_of_complaint(line);
    Remedy remedy = remedy_for(kind);
    for (const Known& known : known_refusals) {
        if (line.find(known.words) == std::string_view::npos) continue;
        kind = known.kind;
        remedy = known.remedy;
        break;
    }
    const std::string who = module.empty() ? "rsync" : "the daemon";  // a program has no module
    std::string what = who + " says: " + escaped(line.substr(0, shown_bytes_max));
    if (kind == ErrorKind::auth)
        what += " (module " + quoted(module) +
                (user.empty() ? ", without a user)" : ", user " + quoted(user) + ")");
    return {kind, remedy, what};
}

}  // namespace lockstep::transport
