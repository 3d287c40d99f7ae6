// Tokens with literals in one zstd stream that lasts as long as the session (PROTOCOL.md 16.5):
// small files profit from all that went before.
#include "base/error.h"
#include "delta/token_forms.h"
#include "delta/token_framing.h"

#include <zstd.h>

#include <string>

namespace lockstep::delta {
namespace {

class ZstdCodec final : public TokenCodec {
public:
    explicit ZstdCodec(int level) : level_(level), output_(TokenFraming::frame_bytes_max) {}

    void begin(Effort) override
    {
        framing_.begin();
        if (context_ != nullptr) return;
        context_.reset(ZSTD_createCCtx());
        if (context_ == nullptr) throw std::bad_alloc();
        check(ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, level_));
    }

    void put(const Token& token, std::span<const std::byte>, std::vector<std::byte>& out) override
    {
        if (!token.literal.empty()) {
            compress(token.literal, ZSTD_e_continue, out);
            unflushed_ = true;
        }
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
    struct Free {
        void operator()(ZSTD_CCtx* context) const noexcept { ZSTD_freeCCtx(context); }
    };

    static std::size_t check(std::size_t status)
    {
        if (ZSTD_isError(status) != 0)
            throw Error(ErrorKind::local, Remedy::retry,
                        std::string("zstd: ") + ZSTD_getErrorName(status));
        return status;
    }

    void flush(std::vector<std::byte>& out)
    {
        if (!unflushed_) return;
        compress({}, ZSTD_e_flush, out);
        unflushed_ = false;
    }

    // Frames leave when they are full, and a last one with a flush.
    void compress(std::span<const std::byte> literal, ZSTD_EndDirective mode,
                  std::vector<std::byte>& out)
    {
        ZSTD_inBuffer input{literal.data(), literal.size(), 0};
        bool done = false;
        while (!done) {
            ZSTD_outBuffer output{output_.data(), output_.size(), filled_};
            const std::size_t held_back =
                check(ZSTD_compressStream2(context_.get(), &output, &input, mode));
            filled_ = output.pos;
            done = mode == ZSTD_e_continue ? input.pos == input.size : held_back == 0;
            if (filled_ == output_.size() || (done && mode == ZSTD_e_flush && filled_ > 0)) {
                TokenFraming::put_frame(std::span(output_).first(filled_), out);
                filled_ = 0;
            }
        }
    }

    int level_;
    std::unique_ptr<ZSTD_CCtx, Free> context_;
    TokenFraming framing_;
    std::vector<std::byte> output_;  // the frame that is being filled
    std::size_t filled_ = 0;
    bool unflushed_ = false;
};

}  // namespace

std::unique_ptr<TokenCodec> make_zstd_codec(int level)
{
    return std::make_unique<ZstdCodec>(level);
}

}  // namespace lockstep::delta
