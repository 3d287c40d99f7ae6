// stunnel before something that speaks no TLS itself.
#pragma once

#include "tests/support/certificates.h"
#include "tests/support/child.h"
#include "tests/support/sockets.h"

#include <memory>
#include <string>
#include <vector>

namespace lockstep::testing {

// Listens on 127.0.0.1 when the constructor returns, and ends with the object.
class TlsFront {
public:
    // `lines`: further ones of its service, "sslVersion = TLSv1.2".
    TlsFront(std::uint16_t upstream_port, const Certificate& certificate,
             const std::vector<std::string>& lines = {});

    std::uint16_t port() const noexcept { return port_.port(); }
    std::string log_text() const { return child_->err(); }

private:
    TempDir dir_;
    PortLease port_;
    std::unique_ptr<Child> child_;
};

}  // namespace lockstep::testing
