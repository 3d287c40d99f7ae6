// Tokens as they are (PROTOCOL.md 16.2): a length and its bytes, or minus (a block's number plus
// one).
#include "delta/little_endian.h"
#include "delta/token_forms.h"

#include <algorithm>

namespace lockstep::delta {
namespace {

constexpr std::size_t literal_bytes_max =
    32 * 1024;  // what stock senders use; old receivers rely on it

class PlainCodec final : public TokenCodec {
public:
    void begin(Effort) override {}

    void put(const Token& token, std::span<const std::byte>, std::vector<std::byte>& out) override
    {
        for (auto rest = token.literal; !rest.empty();) {
            const auto piece = rest.first(std::min(rest.size(), literal_bytes_max));
            append_u32(out, static_cast<std::uint32_t>(piece.size()));
            out.insert(out.end(), piece.begin(), piece.end());
            rest = rest.subspan(piece.size());
        }
        for (std::uint32_t i = 0; i < token.blocks; ++i)
            append_u32(out, ~(token.first_block + i));  // -(b + 1) is ~b
    }

    void end(std::vector<std::byte>& out) override { append_u32(out, 0); }
};

}  // namespace

std::unique_ptr<TokenCodec> make_plain_codec()
{
    return std::make_unique<PlainCodec>();
}

}  // namespace lockstep::delta
