// The daemon's sentences, understood as far as they can be: texts are hints, never an interface.
#pragma once

#include "base/error.h"
#include "transport/push_list.h"

#include <optional>
#include <string>
#include <string_view>

namespace lockstep::transport {

// One message of tag ERROR_XFER, ERROR, WARNING or INFO (PROTOCOL.md 18.1).
struct PeerComplaint {
    bool is_failure = false;          // something did not arrive (false: information only)
    bool whole_tree = false;          // and nothing below `path` did either (mkdir failed)
    std::optional<std::string> path;  // relative to the destination, bytes; temp names resolved to the target
    ErrorKind kind = ErrorKind::protocol;
    bool max_delete = false;          // "Deletions stopped due to --max-delete limit"
};
// `module` is the name inside " (in NAME)". Octal escapes \#ooo in the text are undone for the path.
PeerComplaint understand(std::string_view text, std::string_view module, std::string_view destination_path);

// "@ERROR: …" before OK, and the fatal messages after it (PROTOCOL.md 6.2, 6.3) as the Error to throw:
// kind, remedy and the daemon's own words, escaped.
Error refusal(std::string_view line, std::string_view module, std::string_view user);

}  // namespace lockstep::transport
