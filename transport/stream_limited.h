// A Stream that says no more a second than it may.
#pragma once

#include "transport/stream.h"
#include "transport/token_bucket.h"

#include <memory>

namespace lockstep::transport {

// What is written to `line` waits its turn in `bucket`, which others may share: all on one strand.
std::unique_ptr<Stream> limited(std::unique_ptr<Stream> line, std::shared_ptr<TokenBucket> bucket);

}  // namespace lockstep::transport
