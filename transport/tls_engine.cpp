#include "transport/tls_engine.h"

#include "base/error.h"
#include "base/path.h"
#include "transport/tls_certificate.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <system_error>

namespace lockstep::transport {
namespace {

// Nobody who plays by the rules makes us owe that much in answers to what we read.
constexpr std::size_t owed_bytes_max = std::size_t{256} * 1024;
constexpr std::size_t first_bytes_max = 24;

struct FreeContext {
    void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
};
struct FreeSsl {
    void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
};

// What OpenSSL says of the last failure on this thread; the queue is empty afterwards.
struct Reason {
    int alert = 0;  // of the peer (RFC 8446, 6); 0: it was not that
    std::string text;
};

Reason take_reason()
{
    const unsigned long code = ERR_peek_error();  // the first is the nearest to the cause
    ERR_clear_error();
    Reason reason;
    const int number = ERR_GET_REASON(code);
    if (ERR_GET_LIB(code) == ERR_LIB_SSL && number > SSL_AD_REASON_OFFSET)
        reason.alert = number - SSL_AD_REASON_OFFSET;
    const char* const text = ERR_reason_error_string(code);
    if (ERR_SYSTEM_ERROR(code))
        reason.text = std::generic_category().message(number);
    else
        reason.text = text != nullptr ? text : "no reason given";
    return reason;
}

[[noreturn]] void throw_tls(Remedy remedy, const std::string& what)
{
    throw Error(ErrorKind::tls, remedy, what);
}

// The same again may go well after a byte was damaged on the way or the peer was in trouble.
Remedy remedy_for(const Reason& reason)
{
    static constexpr std::array passing = {SSL_AD_BAD_RECORD_MAC, SSL_AD_RECORD_OVERFLOW,
                                           SSL_AD_DECODE_ERROR,   SSL_AD_DECRYPT_ERROR,
                                           SSL_AD_INTERNAL_ERROR, SSL_AD_USER_CANCELLED};
    const bool refused =
        reason.alert != 0 && std::ranges::find(passing, reason.alert) == passing.end();
    return refused ? Remedy::needs_person : Remedy::retry;
}

// Without the dot that ends an absolute name and the zone of an address: neither is in a
// certificate.
std::string certified_name(std::string host)
{
    if (host.find(':') != std::string::npos) host.erase(std::min(host.find('%'), host.size()));
    if (host.ends_with('.')) host.pop_back();
    return host;
}

bool is_address(const std::string& host)
{
    std::array<unsigned char, sizeof(in6_addr)> ignored{};
    return ::inet_pton(AF_INET, host.c_str(), ignored.data()) == 1 ||
           ::inet_pton(AF_INET6, host.c_str(), ignored.data()) == 1;
}

// A key behind a passphrase has nobody to ask for it.
int no_passphrase(char*, int, int, void*)
{
    return -1;
}

}  // namespace

struct TlsEngine::State {
    std::string host;
    TlsFiles files;
    std::unique_ptr<SSL_CTX, FreeContext> context;
    std::unique_ptr<SSL, FreeSsl> ssl;
    BIO* in = nullptr;  // both the SSL's own
    BIO* out = nullptr;
    std::string first_bytes;  // the peer's
    std::string refused;      // what is wrong with its certificate

    void trust();
    void show();
    std::string about_us(const Reason& reason) const;
    void expect_host();
    static int on_certificate(int fine, X509_STORE_CTX* store);
    [[noreturn]] void throw_handshake_failure(int outcome);
};

void TlsEngine::State::trust()
{
    ERR_clear_error();
    const int fine = files.ca_file ? SSL_CTX_load_verify_file(context.get(), files.ca_file->c_str())
                                   : SSL_CTX_set_default_verify_paths(context.get());
    if (fine == 1) return;
    const std::string why = take_reason().text;
    throw_tls(Remedy::needs_person, "ca_file " + quoted(files.ca_file.value_or("of the system")) +
                                        ": " + why + "; expected certificates in PEM");
}

void TlsEngine::State::show()
{
    if (!files.cert_file || !files.key_file) return;
    SSL_CTX_set_default_passwd_cb(context.get(), no_passphrase);
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(context.get(), files.cert_file->c_str()) != 1)
        throw_tls(Remedy::needs_person, "cert_file " + quoted(*files.cert_file) + ": " +
                                            take_reason().text +
                                            "; expected a certificate in PEM, its chain behind it");
    if (SSL_CTX_use_PrivateKey_file(context.get(), files.key_file->c_str(), SSL_FILETYPE_PEM) != 1)
        throw_tls(Remedy::needs_person, "key_file " + quoted(*files.key_file) + ": " +
                                            take_reason().text +
                                            "; expected the key of cert_file in PEM, without a "
                                            "passphrase");
}

// Of an alert that may be about what we showed, or did not.
std::string TlsEngine::State::about_us(const Reason& reason) const
{
    static constexpr std::array about = {
        SSL_AD_HANDSHAKE_FAILURE,    SSL_AD_NO_CERTIFICATE,
        SSL_AD_BAD_CERTIFICATE,      SSL_AD_CERTIFICATE_REVOKED,
        SSL_AD_CERTIFICATE_EXPIRED,  SSL_AD_CERTIFICATE_UNKNOWN,
        SSL_AD_UNKNOWN_CA,           SSL_AD_ACCESS_DENIED,
        SSL_AD_CERTIFICATE_REQUIRED, SSL_AD_UNSUPPORTED_CERTIFICATE};
    if (std::ranges::find(about, reason.alert) == about.end()) return {};
    if (!files.cert_file) return "; we showed no certificate of our own (cert_file, key_file)";
    return "; we showed the certificate in cert_file " + quoted(*files.cert_file);
}

void TlsEngine::State::expect_host()
{
    X509_VERIFY_PARAM* const expected = SSL_get0_param(ssl.get());
    X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    // What is in the file is trusted by itself, be it no authority.
    X509_VERIFY_PARAM_set_flags(expected, X509_V_FLAG_PARTIAL_CHAIN);
    const bool address = is_address(host);
    const int told = address ? X509_VERIFY_PARAM_set1_ip_asc(expected, host.c_str())
                             : X509_VERIFY_PARAM_set1_host(expected, host.c_str(), host.size());
    const bool named = address || SSL_set_tlsext_host_name(ssl.get(), host.c_str()) == 1;
    if (told != 1 || !named)
        throw_tls(Remedy::needs_person,
                  "no certificate can be asked for in the name of " + quoted(host));
    SSL_set_app_data(ssl.get(), this);
    SSL_set_verify(ssl.get(), SSL_VERIFY_PEER, on_certificate);
}

// OpenSSL forgets the certificate that it refuses.
int TlsEngine::State::on_certificate(int fine, X509_STORE_CTX* store)
{
    if (fine == 1) return fine;
    const auto* ssl = static_cast<const SSL*>(
        X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto* const self = static_cast<State*>(SSL_get_app_data(ssl));
    CertificateTrouble trouble;
    trouble.error = X509_STORE_CTX_get_error(store);
    trouble.host = self->host;
    trouble.ca_file = self->files.ca_file;
    self->refused = describe_trouble(X509_STORE_CTX_get_current_cert(store), trouble);
    return fine;
}

void TlsEngine::State::throw_handshake_failure(int outcome)
{
    const int kind = SSL_get_error(ssl.get(), outcome);
    const Reason reason = take_reason();
    if (!refused.empty()) throw_tls(Remedy::needs_person, refused);
    constexpr char alert_record = 21;
    constexpr char handshake_record = 22;
    const char first = first_bytes.empty() ? handshake_record : first_bytes.front();
    if (first != alert_record && first != handshake_record)
        throw_tls(Remedy::needs_person, "no TLS there: it says " + quoted(first_bytes) +
                                            " where a TLS handshake was expected");
    if (reason.alert != 0)
        throw_tls(remedy_for(reason), "the handshake was refused: " + reason.text + " (alert " +
                                          std::to_string(reason.alert) +
                                          "); TLS 1.2 or later was offered" + about_us(reason));
    throw_tls(Remedy::needs_person, "the handshake failed: " + reason.text + " (" +
                                        std::to_string(kind) + "); TLS 1.2 or later was expected");
}

TlsEngine::TlsEngine(std::string host, TlsFiles files) : state_(std::make_unique<State>())
{
    State& state = *state_;
    state.host = certified_name(std::move(host));
    state.files = std::move(files);
    state.context.reset(SSL_CTX_new(TLS_client_method()));
    if (!state.context) throw std::bad_alloc();
    SSL_CTX_set_min_proto_version(state.context.get(), TLS1_2_VERSION);
    SSL_CTX_set_options(state.context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
    // A parked session needs none.
    SSL_CTX_set_mode(state.context.get(), SSL_MODE_RELEASE_BUFFERS);
    state.trust();
    state.show();

    state.ssl.reset(SSL_new(state.context.get()));
    state.in = BIO_new(BIO_s_mem());
    state.out = BIO_new(BIO_s_mem());
    if (!state.ssl || state.in == nullptr || state.out == nullptr) {
        BIO_free(state.in);
        BIO_free(state.out);
        throw std::bad_alloc();
    }
    SSL_set_bio(state.ssl.get(), state.in, state.out);
    SSL_set_connect_state(state.ssl.get());
    state.expect_host();
}

TlsEngine::~TlsEngine() = default;

void TlsEngine::feed(std::span<const std::byte> bytes)
{
    std::string& first = state_->first_bytes;
    const std::size_t kept = std::min(bytes.size(), first_bytes_max - first.size());
    first.append(reinterpret_cast<const char*>(bytes.data()), kept);
    std::size_t taken = 0;
    if (BIO_write_ex(state_->in, bytes.data(), bytes.size(), &taken) != 1 || taken != bytes.size())
        throw std::bad_alloc();
}

Bytes TlsEngine::take()
{
    Bytes bytes(BIO_ctrl_pending(state_->out));
    std::size_t taken = 0;
    if (!bytes.empty()) BIO_read_ex(state_->out, bytes.data(), bytes.size(), &taken);
    bytes.resize(taken);
    return bytes;
}

bool TlsEngine::handshake()
{
    ERR_clear_error();
    const int outcome = SSL_do_handshake(state_->ssl.get());
    if (outcome == 1) return true;
    if (SSL_get_error(state_->ssl.get(), outcome) == SSL_ERROR_WANT_READ) return false;
    state_->throw_handshake_failure(outcome);
}

std::optional<std::size_t> TlsEngine::read(std::span<std::byte> into)
{
    ERR_clear_error();
    std::size_t got = 0;
    const int outcome = SSL_read_ex(state_->ssl.get(), into.data(), into.size(), &got);
    if (BIO_ctrl_pending(state_->out) > owed_bytes_max)
        throw_tls(Remedy::retry, "the peer asks for answers without end");
    if (outcome == 1) return got;
    const int kind = SSL_get_error(state_->ssl.get(), outcome);
    if (kind == SSL_ERROR_WANT_READ) return std::nullopt;
    if (kind == SSL_ERROR_ZERO_RETURN) return 0;
    const Reason reason = take_reason();
    throw_tls(remedy_for(reason),
              reason.alert != 0 ? "the peer ended it: " + reason.text + state_->about_us(reason)
                                : "what came is damaged: " + reason.text);
}

void TlsEngine::write(std::span<const std::byte> bytes)
{
    while (!bytes.empty()) {
        ERR_clear_error();
        std::size_t written = 0;
        if (SSL_write_ex(state_->ssl.get(), bytes.data(), bytes.size(), &written) != 1) {
            const Reason reason = take_reason();
            throw_tls(remedy_for(reason), "write: " + reason.text);
        }
        bytes = bytes.subspan(written);
    }
}

void TlsEngine::close()
{
    ERR_clear_error();
    if (SSL_is_init_finished(state_->ssl.get()) == 1) SSL_shutdown(state_->ssl.get());
    ERR_clear_error();
}

}  // namespace lockstep::transport
