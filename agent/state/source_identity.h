// Which file system a source is on, told so that it is the same after a restart.
#pragma once

#include <string>

namespace lockstep::state {

// "ext 1a2b…" for file systems that carry an identity of their own; for those that get a new one
// with each mount (tmpfs, overlay, NFS, FUSE) their type and mount point. A mount that is missing
// shows the directory below it, which is on another file system; empty when the source is not
// there.
std::string source_identity(const std::string& source);

}  // namespace lockstep::state
