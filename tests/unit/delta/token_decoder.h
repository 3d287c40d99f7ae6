// A receiver's half of the token codecs, for tests: written from PROTOCOL.md 16.2 to 16.6 with
// stock libraries.
#pragma once

#include "basis.h"

#include <memory>
#include <string_view>

namespace lockstep::delta::test {

class TokenDecoder {
public:
    TokenDecoder() = default;
    TokenDecoder(const TokenDecoder&) = delete;
    TokenDecoder& operator=(const TokenDecoder&) = delete;
    virtual ~TokenDecoder() = default;

    // The file that one token stream, from begin() to end(), makes of the basis. Throws
    // std::runtime_error for anything but exactly one stream.
    virtual Bytes decode(std::span<const std::byte> wire, std::span<const std::byte> basis,
                         const BlockSums& sums) = 0;
};

// One for a session, as the codec is.
std::unique_ptr<TokenDecoder> make_token_decoder(std::string_view compress);

}  // namespace lockstep::delta::test
