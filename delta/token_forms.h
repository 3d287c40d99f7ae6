// The wire forms behind make_token_codec, one maker each. Levels are in the compressor's range
// already.
#pragma once

#include "delta/token_codec.h"

namespace lockstep::delta {

std::unique_ptr<TokenCodec> make_plain_codec();
std::unique_ptr<TokenCodec> make_zlibx_codec(int level);
std::unique_ptr<TokenCodec> make_zlib_codec(int level, int protocol);
std::unique_ptr<TokenCodec> make_zstd_codec(int level);
std::unique_ptr<TokenCodec> make_lz4_codec();

}  // namespace lockstep::delta
