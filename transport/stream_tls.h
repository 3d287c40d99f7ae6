// TLS over another Stream.
#pragma once

#include "transport/stream.h"
#include "transport/tls_files.h"

#include <chrono>
#include <memory>
#include <string>

namespace lockstep::transport {

// Shakes hands over `line` with somebody who proves to be `host` (tls_engine.h); until then nothing
// of the caller's can be said. Throws
// Error(tls) with the peer's address, Error(timeout, retry) once `limit` is over,
// Error(unreachable, retry) when the line breaks.
// The stream then tells an end in good order, which read_some() returns as 0, from one that was
// cut, which throws; and ends in good order itself.
asio::awaitable<std::unique_ptr<Stream>> secure(std::unique_ptr<Stream> line, std::string host,
                                                TlsFiles files, std::chrono::milliseconds limit);

}  // namespace lockstep::transport
