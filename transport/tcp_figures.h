// TCP_INFO, as far as we ask for it. A file of its own: glibc's structure is older than the
// kernel's.
#pragma once

#include "transport/link_speed.h"

#include <optional>

namespace lockstep::transport {

// None when it is no TCP socket. What an older kernel does not tell stays 0, and proves nothing.
std::optional<LineFigures> tcp_figures(int socket) noexcept;

}  // namespace lockstep::transport
