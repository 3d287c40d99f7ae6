#include "delta/token_codec.h"

#include "delta/token_forms.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>

namespace lockstep::delta {

std::unique_ptr<TokenCodec> make_token_codec(std::string_view compress, int level, int protocol)
{
    const int zlib_level = level == 0 ? Z_DEFAULT_COMPRESSION : std::clamp(level, 1, 9);
    if (compress == "none") return make_plain_codec();
    if (compress == "zlibx") return make_zlibx_codec(zlib_level);
    if (compress == "zlib") return make_zlib_codec(zlib_level, protocol);
    if (compress == "zstd") {
        const int zstd_level = level == 0 ? ZSTD_CLEVEL_DEFAULT : level;
        return make_zstd_codec(std::clamp(zstd_level, ZSTD_minCLevel(), ZSTD_maxCLevel()));
    }
    if (compress == "lz4") return make_lz4_codec();
    return nullptr;
}

}  // namespace lockstep::delta
