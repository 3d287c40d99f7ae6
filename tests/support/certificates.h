// An authority of a test's own, and the certificates it issues.
#pragma once

#include "tests/support/temp_tree.h"

#include <string>

namespace lockstep::testing {

struct CertificateWish {
    std::string names = "DNS:localhost,IP:127.0.0.1";  // subjectAltName
    int valid_days = 2;                                // from now; below 0: has expired
};

struct Certificate {
    std::string file;  // PEM
    std::string key_file;
};

// Made with the openssl command, in a directory of its own.
class Authority {
public:
    explicit Authority(const std::string& name);

    std::string file() const { return dir_ / "ca.pem"; }
    Certificate issue(const CertificateWish& wish = {});

private:
    TempDir dir_;
    int issued_ = 0;
};

}  // namespace lockstep::testing
