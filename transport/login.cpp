#include "transport/login.h"

#include "base/error.h"
#include "base/path.h"
#include "delta/strong_sum.h"

#include <openssl/evp.h>

#include <algorithm>
#include <optional>

namespace lockstep::transport {
namespace {

constexpr std::string_view auth_required = "@RSYNCD: AUTHREQD ";

std::string joined(const std::vector<std::string>& names)
{
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "" : " ") + name;
    return text;
}

std::string by_openssl(const EVP_MD* kind, std::string_view text)
{
    std::string digest(EVP_MAX_MD_SIZE, '\0');
    unsigned int length = 0;
    const int done =
        EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(digest.data()),
                   &length, kind, nullptr);
    if (done != 1)
        throw Error(ErrorKind::local, Remedy::needs_person, "login: OpenSSL refuses the digest");
    digest.resize(length);
    return digest;
}

// md4 and md5 may be switched off in this system's OpenSSL; delta has its own way to them.
std::string by_delta(delta::Digest kind, std::string_view text, std::optional<std::int32_t> seed)
{
    delta::FileDigest digest(kind, seed);
    digest.update(std::as_bytes(std::span(text.data(), text.size())));
    const delta::Sum sum = digest.finish();
    return {reinterpret_cast<const char*>(sum.data()), delta::digest_bytes(kind)};
}

std::string hash(std::string_view digest, std::string_view text, int protocol)
{
    if (digest == "sha512") return by_openssl(EVP_sha512(), text);
    if (digest == "sha256") return by_openssl(EVP_sha256(), text);
    if (digest == "sha1") return by_openssl(EVP_sha1(), text);
    if (digest == "md5" || (digest.empty() && protocol >= 30))
        return by_delta(delta::Digest::md5, text, std::nullopt);
    if (digest == "md4") return by_delta(delta::Digest::md4, text, std::nullopt);
    if (digest.empty()) {
        // The seed word in front is there even though it is zero.
        const std::string seeded = std::string(4, '\0') + std::string(text);
        return by_delta(delta::Digest::md4, seeded, std::nullopt);
    }
    throw Error(ErrorKind::auth, Remedy::needs_person, "login: unknown digest " + quoted(digest));
}

std::string base64_unpadded(std::string_view raw)
{
    std::string text(4 * ((raw.size() + 2) / 3) + 1, '\0');
    const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                       reinterpret_cast<const unsigned char*>(raw.data()),
                                       static_cast<int>(raw.size()));
    text.resize(static_cast<std::size_t>(length));
    while (text.ends_with('=')) text.pop_back();
    return text;
}

}  // namespace

Reply parse_reply(std::string_view line)
{
    if (line.starts_with("@ERROR")) return {ReplyKind::error, std::string(line)};
    if (line == "@RSYNCD: OK") return {ReplyKind::ok, {}};
    if (line == "@RSYNCD: EXIT") return {ReplyKind::exit, {}};
    if (line.starts_with(auth_required))
        return {ReplyKind::auth_required, std::string(line.substr(auth_required.size()))};
    return {ReplyKind::motd, std::string(line)};
}

std::string choose_auth_digest(const Greeting& ours, const Greeting& theirs, int)
{
    if (ours.digests.empty() || theirs.digests.empty()) return {};
    for (const std::string& name : ours.digests)
        if (std::ranges::find(theirs.digests, name) != theirs.digests.end()) return name;
    throw Error(ErrorKind::auth, Remedy::needs_person,
                "login: no digest in common: the daemon offers " + quoted(joined(theirs.digests)) +
                    ", we have " + quoted(joined(ours.digests)));
}

std::string auth_response(std::string_view user, std::string_view password,
                          std::string_view challenge, std::string_view digest, int protocol)
{
    const auto bad = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; };
    if (user.empty() || std::ranges::any_of(user, bad))
        throw Error(ErrorKind::auth, Remedy::needs_person,
                    "login: the user " + quoted(user) +
                        " is empty or has a blank or a control character in it");
    const std::string secret = std::string(password) + std::string(challenge);
    return std::string(user) + " " + base64_unpadded(hash(digest, secret, protocol)) + "\n";
}

}  // namespace lockstep::transport
