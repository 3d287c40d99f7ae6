#include "tests/support/certificates.h"

#include "tests/support/child.h"

#include <stdexcept>
#include <vector>

namespace lockstep::testing {
namespace {

void openssl(std::vector<std::string> args)
{
    args.insert(args.begin(), "openssl");
    const Output output = run(args);
    if (output.exit_code != 0) throw std::runtime_error("openssl " + args[1] + ": " + output.err);
}

// A new key and a request, or with -x509 a certificate, for it.
void request(const std::string& name, const std::string& key, const std::string& out,
             const std::vector<std::string>& more)
{
    std::vector<std::string> args = {
        "req",    "-new",  "-newkey",     "ec",      "-pkeyopt", "ec_paramgen_curve:P-256",
        "-nodes", "-subj", "/CN=" + name, "-keyout", key,        "-out",
        out};
    args.insert(args.end(), more.begin(), more.end());
    openssl(args);
}

}  // namespace

Authority::Authority(const std::string& name)
{
    request(name, dir_ / "ca.key", file(), {"-x509", "-days", "2"});
}

Certificate Authority::issue(const CertificateWish& wish)
{
    const std::string stem = dir_ / std::to_string(++issued_);
    const Certificate made{stem + ".pem", stem + ".key"};
    request("a receiver", made.key_file, stem + ".csr", {});
    write_file(stem + ".ext", "subjectAltName = " + wish.names + "\n");
    openssl({"x509", "-req", "-in", stem + ".csr", "-CA", file(), "-CAkey", dir_ / "ca.key",
             "-CAcreateserial", "-days", std::to_string(wish.valid_days), "-extfile", stem + ".ext",
             "-out", made.file});
    return made;
}

}  // namespace lockstep::testing
