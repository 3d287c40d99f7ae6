// Why a certificate is not taken, in words that help to replace it.
#pragma once

#include <optional>
#include <string>

struct x509_st;

namespace lockstep::transport {

struct CertificateTrouble {
    int error = 0;                       // X509_V_ERR_…
    std::string host;                    // whom it was to name
    std::optional<std::string> ca_file;  // who was trusted; none: the system's authorities
};

// "the certificate CN=a (issued by CN=b, valid until Nov 26 10:00:00 2026 GMT, for DNS:a) is not
// taken: certificate has expired; expected one …". Everything in it is escaped and bounded.
// `certificate` may be null.
std::string describe_trouble(x509_st* certificate, const CertificateTrouble& trouble);

}  // namespace lockstep::transport
