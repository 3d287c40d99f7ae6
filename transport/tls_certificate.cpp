#include "transport/tls_certificate.h"

#include "base/path.h"

#include <openssl/bio.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string_view>

namespace lockstep::transport {
namespace {

constexpr std::size_t shown_bytes_max = 200;

struct FreeBio {
    void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};
struct FreeNames {
    void operator()(GENERAL_NAMES* names) const noexcept { GENERAL_NAMES_free(names); }
};

// What `print` writes.
template <class Print>
std::string printed(Print print)
{
    const std::unique_ptr<BIO, FreeBio> bio(BIO_new(BIO_s_mem()));
    if (!bio) return "?";
    print(bio.get());
    char* text = nullptr;
    const long length = BIO_get_mem_data(bio.get(), &text);
    if (length <= 0) return "?";
    const std::string_view all(text, static_cast<std::size_t>(length));
    return escaped(all.substr(0, shown_bytes_max));
}

std::string shown(const X509_NAME* name)
{
    return printed([name](BIO* out) { X509_NAME_print_ex(out, name, 0, XN_FLAG_RFC2253); });
}

std::string shown(const ASN1_TIME* time)
{
    return printed([time](BIO* out) { ASN1_TIME_print(out, time); });
}

// "DNS:a, IP Address:192.0.2.1"
std::string names_in(X509* certificate)
{
    const std::unique_ptr<GENERAL_NAMES, FreeNames> names(static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    if (!names) return "no host";
    return printed([&names](BIO* out) {
        constexpr int shown_max = 10;
        const int count = sk_GENERAL_NAME_num(names.get());
        for (int i = 0; i < count && i < shown_max; ++i) {
            if (i > 0) BIO_puts(out, ", ");
            GENERAL_NAME_print(out, sk_GENERAL_NAME_value(names.get(), i));
        }
        if (count > shown_max) BIO_puts(out, ", …");
    });
}

std::string expectation(const CertificateTrouble& trouble)
{
    const std::string authority =
        trouble.ca_file ? "a certificate in " + quoted(*trouble.ca_file)
                        : std::string("an authority that this system trusts (or set ca_file)");
    switch (trouble.error) {
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            return "expected one for " + quoted(trouble.host);
        case X509_V_ERR_CERT_HAS_EXPIRED:
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return "expected one that is valid now";
        default:
            return "expected one that leads to " + authority;
    }
}

}  // namespace

std::string describe_trouble(x509_st* certificate, const CertificateTrouble& trouble)
{
    std::string text = "the certificate ";
    if (certificate != nullptr)
        text += shown(X509_get_subject_name(certificate)) + " (issued by " +
                shown(X509_get_issuer_name(certificate)) + ", valid from " +
                shown(X509_get0_notBefore(certificate)) + " until " +
                shown(X509_get0_notAfter(certificate)) + ", for " + names_in(certificate) + ") ";
    return text + "is not taken: " + X509_verify_cert_error_string(trouble.error) + "; " +
           expectation(trouble);
}

}  // namespace lockstep::transport
