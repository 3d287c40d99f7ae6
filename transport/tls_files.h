// The files, in PEM, by which TLS knows whom to trust and who we are.
#pragma once

#include <optional>
#include <string>

namespace lockstep::transport {

struct TlsFiles {
    std::optional<std::string> ca_file;  // the certificates that are trusted; none: the system's
    // What we show where we are asked, with its chain behind it, and its key; none: nothing. Both
    // or neither.
    std::optional<std::string> cert_file;
    std::optional<std::string> key_file;
    bool operator==(const TlsFiles&) const = default;
};

}  // namespace lockstep::transport
