// MD5 and SHA-1 by OpenSSL, with the algorithm looked up once and the context reused.
#pragma once

#include <openssl/types.h>

#include <cstddef>
#include <memory>
#include <span>

namespace lockstep::delta {

// finish() ends one message and starts the next. Throws Error (needs_person) where this OpenSSL has
// no such digest, as in FIPS mode.
class EvpDigest {
public:
    enum class Algorithm { md5, sha1 };

    explicit EvpDigest(Algorithm algorithm);
    void update(std::span<const std::byte> bytes);
    void finish(std::span<std::byte> sum);  // room for the digest

private:
    struct Free {
        void operator()(EVP_MD_CTX* context) const noexcept;
    };
    void start();

    const EVP_MD* algorithm_;
    std::unique_ptr<EVP_MD_CTX, Free> context_;
};

}  // namespace lockstep::delta
