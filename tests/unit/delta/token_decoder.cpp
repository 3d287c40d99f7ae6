#include "token_decoder.h"

#include <lz4.h>
#include <zlib.h>
#include <zstd.h>

#include <string>

namespace lockstep::delta::test {
namespace {

// A number of bytes at a time off the front; throws when there are too few.
class Input {
public:
    explicit Input(std::span<const std::byte> bytes) : rest_(bytes) {}

    std::span<const std::byte> take(std::size_t count)
    {
        if (count > rest_.size()) throw std::runtime_error("the stream ends in the middle");
        const auto taken = rest_.first(count);
        rest_ = rest_.subspan(count);
        return taken;
    }

    std::uint32_t number(std::size_t bytes)
    {
        std::uint32_t value = 0;
        std::uint32_t place = 1;
        for (const std::byte b : take(bytes)) {
            value += std::to_integer<std::uint32_t>(b) * place;
            place *= 256;
        }
        return value;
    }

    void expect_end() const
    {
        if (!rest_.empty()) throw std::runtime_error("bytes behind the end of the stream");
    }

private:
    std::span<const std::byte> rest_;
};

void append(Bytes& file, std::span<const std::byte> bytes)
{
    file.insert(file.end(), bytes.begin(), bytes.end());
}

class PlainDecoder final : public TokenDecoder {
public:
    Bytes decode(std::span<const std::byte> wire, std::span<const std::byte> basis,
                 const BlockSums& sums) override
    {
        Bytes file;
        Input input(wire);
        while (true) {
            const auto word = static_cast<std::int32_t>(input.number(4));
            if (word == 0) break;
            if (word > 32 * 1024) throw std::runtime_error("a literal longer than 32 KiB");
            if (word > 0)
                append(file, input.take(static_cast<std::size_t>(word)));
            else
                append(file, block_of(basis, sums, static_cast<std::uint32_t>(-(word + 1))));
        }
        input.expect_end();
        return file;
    }
};

class CompressedDecoder : public TokenDecoder {
public:
    Bytes decode(std::span<const std::byte> wire, std::span<const std::byte> basis,
                 const BlockSums& sums) override
    {
        Bytes file;
        Input input(wire);
        std::uint32_t base = 0;
        bool in_literal = false;
        begin();
        while (true) {
            const std::uint32_t flag = input.number(1);
            if (flag >= 0x40 && flag < 0x80) {
                const std::size_t length = (flag & 0x3f) << 8 | input.number(1);
                if (length == 0) throw std::runtime_error("an empty frame");
                inflate(input.take(length), file);
                in_literal = true;
                continue;
            }
            if (in_literal) end_literal(file);
            in_literal = false;
            if (flag == 0) break;

            std::uint32_t first = 0;
            if (flag >= 0x80)
                first = base + (flag & 0x3f);
            else if (flag == 0x20 || flag == 0x21)
                first = input.number(4);
            else
                throw std::runtime_error("an unknown flag");
            const bool is_run = flag == 0x21 || flag >= 0xc0;
            const std::uint32_t last = first + (is_run ? input.number(2) : 0);
            for (std::uint32_t block = first; block <= last; ++block) {
                const auto bytes = block_of(basis, sums, block);
                append(file, bytes);
                see_block(bytes);
            }
            base = last;
        }
        input.expect_end();
        return file;
    }

protected:
    virtual void begin() {}
    virtual void inflate(std::span<const std::byte> frame, Bytes& file) = 0;
    virtual void end_literal(Bytes&) {}
    virtual void see_block(std::span<const std::byte>) {}
};

class ZlibDecoder final : public CompressedDecoder {
public:
    explicit ZlibDecoder(bool sees_blocks) : sees_blocks_(sees_blocks)
    {
        if (::inflateInit2(&stream_, -15) != Z_OK) throw std::runtime_error("inflateInit2");
    }
    ~ZlibDecoder() override { ::inflateEnd(&stream_); }

protected:
    void begin() override { ::inflateReset(&stream_); }

    void inflate(std::span<const std::byte> frame, Bytes& file) override
    {
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(frame.data()));
        stream_.avail_in = static_cast<uInt>(frame.size());
        std::array<std::byte, 4096> output;
        do {
            stream_.next_out = reinterpret_cast<Bytef*>(output.data());
            stream_.avail_out = output.size();
            const int status = ::inflate(&stream_, Z_SYNC_FLUSH);
            if (status != Z_OK && status != Z_BUF_ERROR)
                throw std::runtime_error("inflate: " + std::to_string(status));
            append(file, std::span(output).first(output.size() - stream_.avail_out));
        } while (stream_.avail_out == 0 || stream_.avail_in > 0);
    }

    void end_literal(Bytes& file) override { inflate(from_hex("00 00 ff ff"), file); }

    // As an old receiver does: the block comes in as stored data and its output is dropped.
    void see_block(std::span<const std::byte> block) override
    {
        if (!sees_blocks_) return;
        Bytes dropped;
        while (!block.empty()) {
            const auto piece = block.first(std::min<std::size_t>(block.size(), 0xffff));
            const std::size_t n = piece.size();
            const Bytes header = {std::byte{0}, static_cast<std::byte>(n),
                                  static_cast<std::byte>(n >> 8), static_cast<std::byte>(~n),
                                  static_cast<std::byte>(~n >> 8)};
            inflate(header, dropped);
            inflate(piece, dropped);
            block = block.subspan(n);
        }
    }

private:
    bool sees_blocks_;
    z_stream stream_{};
};

class ZstdDecoder final : public CompressedDecoder {
public:
    ~ZstdDecoder() override { ZSTD_freeDCtx(context_); }

protected:
    void inflate(std::span<const std::byte> frame, Bytes& file) override
    {
        ZSTD_inBuffer input{frame.data(), frame.size(), 0};
        std::array<std::byte, 4096> bytes;
        bool full = false;
        while (input.pos < input.size || full) {
            ZSTD_outBuffer output{bytes.data(), bytes.size(), 0};
            const std::size_t status = ZSTD_decompressStream(context_, &output, &input);
            if (ZSTD_isError(status) != 0) throw std::runtime_error(ZSTD_getErrorName(status));
            append(file, std::span(bytes).first(output.pos));
            full = output.pos == output.size;
        }
    }

private:
    ZSTD_DCtx* context_ = ZSTD_createDCtx();
};

class Lz4Decoder final : public CompressedDecoder {
protected:
    void inflate(std::span<const std::byte> frame, Bytes& file) override
    {
        std::array<std::byte, 16383> output;
        const int made = LZ4_decompress_safe(reinterpret_cast<const char*>(frame.data()),
                                             reinterpret_cast<char*>(output.data()),
                                             static_cast<int>(frame.size()), output.size());
        if (made < 0) throw std::runtime_error("a frame that is no lz4 block of 16383 bytes");
        append(file, std::span(output).first(static_cast<std::size_t>(made)));
    }
};

}  // namespace

std::unique_ptr<TokenDecoder> make_token_decoder(std::string_view compress)
{
    if (compress == "none") return std::make_unique<PlainDecoder>();
    if (compress == "zlibx") return std::make_unique<ZlibDecoder>(false);
    if (compress == "zlib") return std::make_unique<ZlibDecoder>(true);
    if (compress == "zstd") return std::make_unique<ZstdDecoder>();
    if (compress == "lz4") return std::make_unique<Lz4Decoder>();
    throw std::runtime_error("no such form");
}

}  // namespace lockstep::delta::test
