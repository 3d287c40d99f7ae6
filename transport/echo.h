// The head of our answer to a request: said back as it came (PROTOCOL.md 16.1).
#pragma once

#include "transport/requests.h"
#include "transport/wire.h"

#include <string>
#include <vector>

namespace lockstep::transport {

// Index, flags, basis type, name, the values of the xattrs that were wanted (one for each of
// `request.xattrs_wanted`) and, when content is wanted, the sum head. Tokens and digest follow from
// the caller.
void put_echo(Bytes& out, NdxWriter& ndx, const Request& request,
              const std::vector<std::string>& xattr_values, int protocol);

}  // namespace lockstep::transport
