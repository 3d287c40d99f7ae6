// The commands that talk to a daemon. Each returns the contract's exit code.
#pragma once

#include "agent/cli/options.h"

#include <functional>
#include <iosfwd>

namespace lockstep::cli {

// Where a command speaks.
struct Console {
    std::ostream& out;
    std::ostream& err;
    bool terminal = false;  // `out` is one
    bool colour = false;
};

// stdout and stderr; coloured on a terminal unless NO_COLOR is set.
Console standard_console();

// Waits until the status is to be shown again; false ends --watch.
using NextRound = std::function<bool()>;

// 0 all destinations in step or syncing; 3 something is degraded; 1 no daemon, or no such mapping.
// --watch goes on while the daemon is away, once it has answered.
int status_command(const Status& command, const Console& console, const NextRound& next_round);
int status_command(const Status& command);

// 0 in step; 1 timed out or failed, or no daemon: the reason and the paths are on stderr.
int flush_command(const Flush& command, const Console& console);
int flush_command(const Flush& command);

// 0, or 1 when it failed for one of the names; the others are still done.
int resync_command(const Resync& command, const Console& console);
int resync_command(const Resync& command);
int pause_command(const Pause& command, const Console& console);
int pause_command(const Pause& command);
int resume_command(const Resume& command, const Console& console);
int resume_command(const Resume& command);

// 0; 2 when the configuration is bad: every diagnostic is on stderr; 1 no daemon.
int reload_command(const Reload& command, const Console& console);
int reload_command(const Reload& command);

}  // namespace lockstep::cli
