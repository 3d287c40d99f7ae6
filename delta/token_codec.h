// Tokens to wire bytes: plain or compressed (PROTOCOL.md 16.2 to 16.6).
#pragma once

#include "delta/token.h"

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace lockstep::delta {

// One for a session; begin() before each file, end() after it. `basis_block` is asked by the old zlib form
// only: the codec needs the matched bytes to keep both windows alike, so with needs_matched_bytes() the
// caller passes them in `matched` (the run's bytes, from the new file), else an empty span.
class TokenCodec {
public:
    TokenCodec() = default;
    TokenCodec(const TokenCodec&) = delete;
    TokenCodec& operator=(const TokenCodec&) = delete;
    virtual ~TokenCodec() = default;

    virtual void begin() = 0;
    virtual void put(const Token& token, std::span<const std::byte> matched, std::vector<std::byte>& out) = 0;
    virtual void end(std::vector<std::byte>& out) = 0;
    virtual bool needs_matched_bytes() const noexcept { return false; }
};

// "none", "zlibx", "zlib", "zstd", "lz4"; null for a name that is none of them. `level` 0: the default.
std::unique_ptr<TokenCodec> make_token_codec(std::string_view compress, int level, int protocol);

}  // namespace lockstep::delta
