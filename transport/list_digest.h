// The digest of a file for the receiver's comparison with -c (PROTOCOL.md 11.3).
#pragma once

#include "delta/strong_sum.h"
#include "transport/contents.h"
#include "transport/stream.h"

namespace lockstep::transport {

// All zero, which never matches, when it cannot be read. `content` must outlive the call.
asio::awaitable<Bytes> list_digest(const Content& content, delta::Digest digest);

}  // namespace lockstep::transport
