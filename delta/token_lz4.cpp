// Tokens with literals in independent lz4 blocks (PROTOCOL.md 16.6).
#include "delta/token_forms.h"
#include "delta/token_framing.h"

#include <lz4.h>

#include <algorithm>

namespace lockstep::delta {
namespace {

class Lz4Codec final : public TokenCodec {
public:
    Lz4Codec() : output_(TokenFraming::frame_bytes_max) {}

    void begin(Effort) override
    {
        framing_.begin();
        pending_.clear();
    }

    void put(const Token& token, std::span<const std::byte>, std::vector<std::byte>& out) override
    {
        put_literal(token.literal, out);
        if (token.blocks > 0) {
            flush(out);
            framing_.put_run(token.first_block, token.blocks, out);
        }
    }

    void end(std::vector<std::byte>& out) override
    {
        flush(out);
        TokenFraming::put_end(out);
    }

private:
    // A block knows nothing of the one before it: only full ones are worth their while.
    void put_literal(std::span<const std::byte> literal, std::vector<std::byte>& out)
    {
        while (!literal.empty()) {
            if (pending_.empty() && literal.size() >= input_bytes_max) {
                compress(literal.first(input_bytes_max), out);
                literal = literal.subspan(input_bytes_max);
                continue;
            }
            const auto piece =
                literal.first(std::min(literal.size(), input_bytes_max - pending_.size()));
            pending_.insert(pending_.end(), piece.begin(), piece.end());
            literal = literal.subspan(piece.size());
            if (pending_.size() == input_bytes_max) flush(out);
        }
    }

    void flush(std::vector<std::byte>& out)
    {
        compress(pending_, out);
        pending_.clear();
    }

    // What does not shrink does not fit either, so it goes in halves; a frame's worth of room is
    // more than lz4's bound for 8192 bytes, so that is the end of it.
    void compress(std::span<const std::byte> input, std::vector<std::byte>& out)
    {
        while (!input.empty()) {
            std::size_t taken = input.size();
            int made = 0;
            for (;; taken /= 2) {
                made =
                    LZ4_compress_default(reinterpret_cast<const char*>(input.data()),
                                         reinterpret_cast<char*>(output_.data()),
                                         static_cast<int>(taken), static_cast<int>(output_.size()));
                if (made > 0) break;
            }
            TokenFraming::put_frame(std::span(output_).first(static_cast<std::size_t>(made)), out);
            input = input.subspan(taken);
        }
    }

    static constexpr std::size_t input_bytes_max = TokenFraming::frame_bytes_max;

    TokenFraming framing_;
    std::vector<std::byte> pending_;
    std::vector<std::byte> output_;
};

}  // namespace

std::unique_ptr<TokenCodec> make_lz4_codec()
{
    return std::make_unique<Lz4Codec>();
}

}  // namespace lockstep::delta
