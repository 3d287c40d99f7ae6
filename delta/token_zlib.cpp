// Tokens with deflated literals (PROTOCOL.md 16.4): zlibx, and the older zlib whose history also
// takes in the matched blocks. rsync carries a patched zlib for the latter; a stock one does the
// same when the blocks are compressed for real and the output is thrown away.
#include "base/error.h"
#include "delta/token_forms.h"
#include "delta/token_framing.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>
#include <string>

namespace lockstep::delta {
namespace {

constexpr int raw_window_bits = -15;
constexpr int memory_level = 8;
constexpr std::array<std::byte, 4> flush_mark = {std::byte{0x00}, std::byte{0x00}, std::byte{0xff},
                                                 std::byte{0xff}};

// One raw deflate stream that is restarted for each file.
class Deflater {
public:
    explicit Deflater(int level) : level_(level)
    {
        const int status = ::deflateInit2(&stream_, level, Z_DEFLATED, raw_window_bits,
                                          memory_level, Z_DEFAULT_STRATEGY);
        if (status == Z_MEM_ERROR) throw std::bad_alloc();
        if (status != Z_OK) fail("deflateInit2", status);
    }
    Deflater(const Deflater&) = delete;
    Deflater& operator=(const Deflater&) = delete;
    ~Deflater() { ::deflateEnd(&stream_); }

    // Nothing is pending after a reset, so that another level begins with the file.
    void restart(Effort effort)
    {
        ::deflateReset(&stream_);
        if (effort == effort_) return;
        const int level = effort == Effort::least ? Z_NO_COMPRESSION : level_;
        const int status = ::deflateParams(&stream_, level, Z_DEFAULT_STRATEGY);
        if (status != Z_OK) fail("deflateParams", status);
        effort_ = effort;
    }

    // Calls take(bytes) with what comes out, in pieces.
    template <class Take>
    void deflate(std::span<const std::byte> input, int flush, Take take)
    {
        // zlib counts in 32 bits, and never writes to what it reads.
        constexpr std::size_t input_bytes_max = std::numeric_limits<uInt>::max();
        do {
            const auto piece = input.first(std::min(input.size(), input_bytes_max));
            input = input.subspan(piece.size());
            stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(piece.data()));
            stream_.avail_in = static_cast<uInt>(piece.size());
            const int mode = input.empty() ? flush : Z_NO_FLUSH;
            do {
                stream_.next_out = reinterpret_cast<Bytef*>(output_.data());
                stream_.avail_out = static_cast<uInt>(output_.size());
                const int status = ::deflate(&stream_, mode);
                if (status != Z_OK && status != Z_BUF_ERROR) fail("deflate", status);
                take(std::span<const std::byte>(output_).first(output_.size() - stream_.avail_out));
            } while (stream_.avail_out == 0);
        } while (!input.empty());
    }

private:
    [[noreturn]] static void fail(const char* call, int status)
    {
        throw Error(ErrorKind::local, Remedy::retry,
                    std::string(call) + ": zlib status " + std::to_string(status));
    }

    int level_;
    Effort effort_ = Effort::usual;
    z_stream stream_{};
    std::array<std::byte, 16 * 1024> output_;
};

class ZlibCodec : public TokenCodec {
public:
    explicit ZlibCodec(int level) : deflater_(level) {}

    void begin(Effort effort) override
    {
        deflater_.restart(effort);
        framing_.begin();
        held_.clear();
        unflushed_ = false;
    }

    void put(const Token& token, std::span<const std::byte>, std::vector<std::byte>& out) override
    {
        if (!token.literal.empty()) put_literal(token.literal, out);
        if (token.blocks > 0) put_run(token, out);
    }

    void end(std::vector<std::byte>& out) override
    {
        flush(out);
        TokenFraming::put_end(out);
    }

protected:
    void put_literal(std::span<const std::byte> literal, std::vector<std::byte>& out)
    {
        deflater_.deflate(literal, Z_NO_FLUSH, [&](auto bytes) { hold(bytes, out); });
        unflushed_ = true;
    }

    void put_run(const Token& token, std::vector<std::byte>& out)
    {
        flush(out);
        framing_.put_run(token.first_block, token.blocks, out);
    }

    // The peer's history takes in bytes that it has already.
    void put_history(std::span<const std::byte> bytes)
    {
        deflater_.deflate(bytes, Z_SYNC_FLUSH, [](auto) {});
    }

private:
    // Whole frames leave at once; the last four bytes never do, they may be the flush mark.
    void hold(std::span<const std::byte> bytes, std::vector<std::byte>& out)
    {
        held_.insert(held_.end(), bytes.begin(), bytes.end());
        std::size_t sent = 0;
        while (held_.size() - sent >= TokenFraming::frame_bytes_max + flush_mark.size()) {
            TokenFraming::put_frame(std::span(held_).subspan(sent, TokenFraming::frame_bytes_max),
                                    out);
            sent += TokenFraming::frame_bytes_max;
        }
        held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(sent));
    }

    // Ends the literals so that the peer can decode all of them; it puts the mark back itself.
    void flush(std::vector<std::byte>& out)
    {
        if (!unflushed_) return;
        deflater_.deflate({}, Z_SYNC_FLUSH, [&](auto bytes) { hold(bytes, out); });
        const std::span<const std::byte> held(held_);
        if (held.size() < flush_mark.size() || !std::ranges::equal(held.last<4>(), flush_mark))
            throw Error(ErrorKind::local, Remedy::retry, "deflate: no mark at the end of a flush");
        TokenFraming::put_frames(held.first(held.size() - flush_mark.size()), out);
        held_.clear();
        unflushed_ = false;
    }

    Deflater deflater_;
    TokenFraming framing_;
    std::vector<std::byte> held_;  // compressed, not yet framed; less than a frame and a mark
    bool unflushed_ = false;
};

class OldZlibCodec final : public ZlibCodec {
public:
    OldZlibCodec(int level, int protocol) : ZlibCodec(level), protocol_(protocol) {}

    bool needs_matched_bytes() const noexcept override { return true; }

    void put(const Token& token, std::span<const std::byte> matched,
             std::vector<std::byte>& out) override
    {
        if (!token.literal.empty()) put_literal(token.literal, out);
        if (token.blocks == 0) return;
        if (matched.empty()) matched = token.matched;
        if (matched.empty())
            throw Error(ErrorKind::local, Remedy::needs_person,
                        "a zlib token without the bytes it matched");
        if (feeds_blocks_wrongly(token.blocks, matched.size())) {
            put_literal(matched, out);
            return;
        }
        put_run(token, out);
        put_history(matched);
    }

private:
    // Receivers before protocol 31 feed the first 65535 bytes of a longer block again and again.
    // How long a block is we know only roughly, when the last one may be short: then the longest it
    // can be.
    bool feeds_blocks_wrongly(std::uint32_t blocks, std::size_t matched_bytes) const noexcept
    {
        constexpr std::size_t fed_rightly_max = 65535;
        const std::size_t block_bytes = blocks > 1 ? matched_bytes / (blocks - 1) : matched_bytes;
        return protocol_ < 31 && block_bytes > fed_rightly_max;
    }

    int protocol_;
};

}  // namespace

std::unique_ptr<TokenCodec> make_zlibx_codec(int level)
{
    return std::make_unique<ZlibCodec>(level);
}

std::unique_ptr<TokenCodec> make_zlib_codec(int level, int protocol)
{
    return std::make_unique<OldZlibCodec>(level, protocol);
}

}  // namespace lockstep::delta
