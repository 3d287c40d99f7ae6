#include "delta/evp_digest.h"

#include "base/error.h"

#include <openssl/evp.h>

#include <string>

namespace lockstep::delta {
namespace {

// A fetch walks the providers and takes locks: once a process, and never given back.
const EVP_MD* fetched(EvpDigest::Algorithm algorithm)
{
    static const EVP_MD* const md5 = EVP_MD_fetch(nullptr, "MD5", nullptr);
    static const EVP_MD* const sha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr);
    const bool is_md5 = algorithm == EvpDigest::Algorithm::md5;
    const EVP_MD* const found = is_md5 ? md5 : sha1;
    if (found == nullptr)
        throw Error(ErrorKind::local, Remedy::needs_person,
                    std::string(is_md5 ? "md5" : "sha1") + ": this OpenSSL does not offer it");
    return found;
}

void check(int ok)
{
    if (ok != 1)
        throw Error(ErrorKind::local, Remedy::retry, "OpenSSL failed in the middle of a digest");
}

}  // namespace

void EvpDigest::Free::operator()(EVP_MD_CTX* context) const noexcept
{
    EVP_MD_CTX_free(context);
}

EvpDigest::EvpDigest(Algorithm algorithm)
    : algorithm_(fetched(algorithm)), context_(EVP_MD_CTX_new())
{
    if (context_ == nullptr) throw std::bad_alloc();
    start();
}

void EvpDigest::start()
{
    check(EVP_DigestInit_ex2(context_.get(), algorithm_, nullptr));
}

void EvpDigest::update(std::span<const std::byte> bytes)
{
    check(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()));
}

void EvpDigest::finish(std::span<std::byte> sum)
{
    check(
        EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(sum.data()), nullptr));
    start();
}

}  // namespace lockstep::delta
