// The daemon's sentences, understood as far as they can be: texts are hints, never an interface.
#pragma once

#include "base/error.h"
#include "transport/push_list.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::transport {

// One message of tag ERROR_XFER, ERROR, WARNING or INFO (PROTOCOL.md 18.1).
struct PeerComplaint {
    bool is_failure = false;          // something did not arrive (false: information only)
    bool whole_tree = false;          // and nothing below `path` did either (mkdir failed)
    std::optional<std::string> path;  // relative to the destination, bytes; temp names resolved
    // What it may be about instead, since texts are ambiguous: a temp name ".x.AbCdEf" stands for
    // "x" and for ".x". The caller knows which of them are in its list.
    std::vector<std::string> others;
    ErrorKind kind = ErrorKind::protocol;
    bool max_delete = false;  // "Deletions stopped due to --max-delete limit"
    bool not_empty = false;   // "cannot delete non-empty directory": something in it was to stay
    bool operator==(const PeerComplaint&) const = default;
};

// `module` is the name inside " (in NAME)"; `destination_path` is the path below the module, which
// most sentences put in front of theirs. The daemon sends bytes as they are (the "\#ooo" that rsync
// shows is made by the client), so a name with a backslash or a line end in it is taken literally.
// A sentence that is known to be harmless is no failure; one that nobody knows is, so that the tag
// it came with decides.
PeerComplaint understand(std::string_view text, std::string_view module,
                         std::string_view destination_path);

// Which paths of a list a complaint is about: of its path and the others those that are listed,
// else the deletion that was at work on what lies below it ("unlink(gone/a/b) failed" for the entry
// "gone"). Empty: nobody knows.
struct Listed {
    std::function<bool(const std::string&)> is_listed;
    std::function<bool(const std::string&)> is_deleted;  // listed, and to be deleted
};
std::vector<std::string> blamed(const PeerComplaint& complaint, const Listed& list);

// "@ERROR: …" before OK, and the fatal messages after it (PROTOCOL.md 6.2, 6.3) as the Error to
// throw: kind, remedy and the daemon's own words, escaped.
Error refusal(std::string_view line, std::string_view module, std::string_view user);

// The kind that an errno in the daemon's words stands for: " (28)" at the end of its sentence.
ErrorKind kind_of_complaint(std::string_view text);

}  // namespace lockstep::transport
