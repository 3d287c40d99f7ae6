// The command line that the daemon is to run for us (PROTOCOL.md 4, 5).
#pragma once

#include "transport/capability.h"
#include "transport/push_list.h"

#include <string>
#include <string_view>
#include <vector>

namespace lockstep::transport {

// `path` is below the module, any bytes; it arrives literally, but with one of * ? [ in it the
// directory must exist. What the daemon is too old for is left out: --delete-missing-args
// before 3.1 (--delete and rules stand for it: unmarked.h), -A, -X and --append before protocol 30.
// Throws Error(refused_option, needs_person) for a compressor that compressor_for() would replace
// and for values that this daemon cannot be told.
std::vector<std::string> server_args(const PushOptions& options, int protocol,
                                     std::string_view module, std::string_view path,
                                     const Capability& capability);

// The same for a program that is no daemon (PROTOCOL.md 23): `path` is absolute, nothing is a
// pattern. Without `asks_for_messages`, which releases before 3.2.3 refuse, later ones tell what
// failed on their standard error alone.
std::vector<std::string> program_args(const PushOptions& options, int protocol,
                                      std::string_view path, bool asks_for_messages);

constexpr std::string_view messages_option = "--no-msgs2stderr";

// Each argument of server_args() with its end mark, and the mark of the block's end. Options with a
// backslash or a line end go as secluded arguments: whether a daemon takes backslashes off others
// cannot be told from its greeting (PROTOCOL.md 4).
std::string render_args(const std::vector<std::string>& args, int protocol);

// Whatever both ends have, best first: names are exchanged for it, and for no other
// (PROTOCOL.md 7.3).
constexpr std::string_view best_compressor = "best";

// The best this daemon has in the place of `wanted`: put it into PushOptions::compress before
// server_args() and use it as the session's compressor, unless it is best_compressor still.
std::string compressor_for(std::string_view wanted, const Capability& capability);

// True when the daemon will read filter rules before the list (PROTOCOL.md 10). Besides
// delete_extras that is so with delete_missing and rules: --delete is then said too, so that the
// rules protect what an excluded directory holds when its parent is deleted; without content
// directories in the list it deletes nothing else. And where rules stand for the marks.
bool wants_filter_rules(const PushOptions& options, const Capability& capability);

// Marks are said as rules: the daemon does not know them (PROTOCOL.md 19.4).
bool says_marks_as_rules(const PushOptions& options, const Capability& capability);

}  // namespace lockstep::transport
