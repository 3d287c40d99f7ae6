// Tokens to wire bytes: plain or compressed (PROTOCOL.md 16.2 to 16.6).
#pragma once

#include "delta/token.h"

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace lockstep::delta {

// What a file's content is worth. Of what is compressed already the zlib forms make stored blocks:
// at 55 MB/s they would take longest over what does not shrink. zstd and lz4 pass over it at 2 and
// 5 GB/s by themselves, and zstd could do with less only in a frame without the history of the
// session.
enum class Effort { usual, least };

// One for a session; begin() before each file, end() after it. Appends to `out`. The old zlib form
// needs the matched bytes to keep both windows alike: with needs_matched_bytes() the caller passes
// them in `matched` or has the Matcher put them into Token::matched; else they are ignored. Throws
// Error (local) when a compressor fails or those bytes are missing.
class TokenCodec {
public:
    TokenCodec() = default;
    TokenCodec(const TokenCodec&) = delete;
    TokenCodec& operator=(const TokenCodec&) = delete;
    virtual ~TokenCodec() = default;

    virtual void begin(Effort effort) = 0;
    virtual void put(const Token& token, std::span<const std::byte> matched,
                     std::vector<std::byte>& out) = 0;
    virtual void end(std::vector<std::byte>& out) = 0;
    virtual bool needs_matched_bytes() const noexcept { return false; }
};

// "none", "zlibx", "zlib", "zstd", "lz4"; null for a name that is none of them. `level` 0: the
// default.
std::unique_ptr<TokenCodec> make_token_codec(std::string_view compress, int level, int protocol);

}  // namespace lockstep::delta
