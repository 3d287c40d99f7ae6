#include "transport/requests.h"

#include "base/error.h"

#include <algorithm>
#include <array>
#include <utility>

namespace lockstep::transport {
namespace {

constexpr std::size_t name_bytes_max = 4095;
constexpr std::size_t xattrs_max = 65'536;
constexpr std::int32_t block_bytes_max = 1 << 29;
// Receivers grow the block with the square root of the file until it has 128 KiB, so that more than
// about 2^17 smaller ones do not occur. Above, 2^27 blocks are a file of 16 TiB.
constexpr std::int32_t large_block_bytes = 128 * 1024;
constexpr std::int32_t small_blocks_max = 1 << 20;
constexpr std::int32_t large_blocks_max = 1 << 27;
constexpr std::size_t drop_bytes = 64 * 1024;

[[noreturn]] void refuse(const std::string& what)
{
    throw Error(ErrorKind::protocol, Remedy::retry, what + " from the generator");
}

void check(std::string_view what, std::int64_t value, std::int64_t least, std::int64_t most,
           std::int32_t ndx)
{
    if (value < least || value > most)
        refuse(std::string(what) + " " + std::to_string(value) + " for index " +
               std::to_string(ndx) + ", expected " + std::to_string(least) + ".." +
               std::to_string(most) + ",");
}

// What stands in front of the sums of a request (PROTOCOL.md 14). Each returns false when more is
// needed.
struct HeadReader {
    const RequestForm& form;
    Cursor in;

    bool flags(Request& request)
    {
        if (form.protocol < 29) {
            request.iflags = iflag_transfer;
            return true;
        }
        const auto word = in.u16();
        if (word) request.iflags = *word;
        return word.has_value();
    }

    bool basis(Request& request)
    {
        if ((request.iflags & iflag_basis_type) == 0) return true;
        const auto type = in.u8();
        if (type) request.basis_type = *type;
        return type.has_value();
    }

    bool name(Request& request)
    {
        if ((request.iflags & iflag_name) == 0) return true;
        auto text = in.vstring();
        if (!text) return false;
        if (text->size() > name_bytes_max)
            refuse("a name of " + std::to_string(text->size()) + " bytes");
        request.name = std::move(*text);
        return true;
    }

    // PROTOCOL.md 21.2 and its exception 21.3.
    bool has_xattr_list(const Request& request) const
    {
        if (!form.xattrs || (request.iflags & iflag_xattr) == 0) return false;
        const bool linked =
            (request.iflags & iflag_name) != 0 && (request.iflags & iflag_local_change) != 0;
        return !(form.protocol >= 31 && !form.avoid_xattr_optim && linked);
    }

    bool xattrs(Request& request)
    {
        request.xattr_list = has_xattr_list(request);
        if (!request.xattr_list) return true;
        std::int64_t number = 0;
        for (;;) {
            const auto step = in.varint();
            if (!step) return false;
            if (*step == 0) return true;
            number += *step;
            if (*step < 0 || number > 0x7fff'ffff || request.xattrs_wanted.size() == xattrs_max)
                refuse("an impossible list of extended attributes");
            request.xattrs_wanted.push_back(static_cast<std::int32_t>(number));
        }
    }

    // PROTOCOL.md 15.1.
    bool sum_head(Request& request)
    {
        if (!request.wants_transfer()) return true;
        const auto count = in.i32();
        const auto block = in.i32();
        const auto strong = in.i32();
        const auto remainder = in.i32();
        if (!remainder) return false;
        check("block length", *block, *count == 0 ? 0 : 1, block_bytes_max, request.ndx);
        check("number of blocks", *count, 0,
              *block < large_block_bytes ? small_blocks_max : large_blocks_max, request.ndx);
        // Without blocks it says nothing, but it is said: a receiver may name its usual length.
        check("strong sum length", *strong, *count == 0 ? 0 : 1,
              *count == 0 ? 64 : static_cast<std::int64_t>(form.strong_bytes_max), request.ndx);
        check("remainder", *remainder, 0, *block, request.ndx);
        request.sums.count = static_cast<std::uint32_t>(*count);
        request.sums.block_bytes = static_cast<std::uint32_t>(*block);
        request.sums.strong_bytes = static_cast<std::uint32_t>(*strong);
        request.sums.remainder_bytes = static_cast<std::uint32_t>(*remainder);
        return true;
    }

    std::optional<DelStats> del_stats()
    {
        std::array<std::uint64_t, 5> counts{};
        for (std::uint64_t& count : counts) {
            const auto value = in.varint();
            if (!value) return std::nullopt;
            if (*value < 0) refuse("a negative number of deletions");
            count = static_cast<std::uint64_t>(*value);
        }
        return DelStats{counts[0], counts[1], counts[2], counts[3], counts[4]};
    }
};

}  // namespace

void RequestDecoder::feed(std::span<const std::byte> bytes)
{
    put_bytes(buffer_, bytes);
}

std::optional<GeneratorItem> RequestDecoder::next()
{
    std::optional<GeneratorItem> item;
    if (!open_) item = next_head();
    if (open_) {
        take_sums();
        if (sums_missing_ == 0) {
            item = std::move(*open_);
            open_.reset();
        }
    }
    drop_taken();
    return item;
}

std::optional<GeneratorItem> RequestDecoder::next_head()
{
    for (;;) {
        HeadReader head{form_, Cursor(std::span(buffer_).subspan(at_))};
        NdxReader ndx_reader = ndx_;  // moves on only with a whole head
        const auto ndx = ndx_reader.get(head.in);
        if (!ndx) return std::nullopt;

        const auto accept = [&] {
            ndx_ = ndx_reader;
            at_ += head.in.consumed();
        };
        if (*ndx == ndx_done) {
            accept();
            redo_ = true;
            return Done{};
        }
        if (*ndx == ndx_del_stats && form_.protocol >= 31) {
            const auto stats = head.del_stats();
            if (!stats) return std::nullopt;
            accept();
            return *stats;
        }
        // Protocol 29 uses the index behind the last one as a sign of life.
        const bool may_be_keepalive = form_.protocol == 29 && *ndx == form_.entries;
        if (!may_be_keepalive && (*ndx < 0 || *ndx >= form_.entries))
            refuse("index " + std::to_string(*ndx) + " in a list of " +
                   std::to_string(form_.entries));

        Request request;
        request.ndx = *ndx;
        if (!head.flags(request)) return std::nullopt;
        if (may_be_keepalive && request.iflags != iflag_is_new)
            refuse("index " + std::to_string(*ndx) + " in a list of " +
                   std::to_string(form_.entries));
        const bool whole = head.basis(request) && head.name(request) && head.xattrs(request) &&
                           head.sum_head(request);
        if (!whole) return std::nullopt;
        accept();
        if (may_be_keepalive) continue;
        if (request.sums.count == 0 || !sums_follow()) return request;
        open_ = std::move(request);
        sums_missing_ = open_->sums.count;
        return std::nullopt;
    }
}

std::size_t RequestDecoder::sums_kept_max() const noexcept
{
    const std::size_t sum_bytes = 4 + std::size_t{open_->sums.strong_bytes};
    const std::uint64_t in_order = form_.largest_file_bytes / open_->sums.block_bytes + 1;
    return std::max<std::uint64_t>(sums_bytes_max / sum_bytes, in_order);
}

// As many as are there: the vectors grow with what has arrived, not with what was announced.
void RequestDecoder::take_sums()
{
    delta::BlockSums& sums = open_->sums;
    const std::size_t sum_bytes = 4 + std::size_t{sums.strong_bytes};
    Cursor in{std::span(buffer_).subspan(at_)};
    const std::size_t ready = std::min(in.left() / sum_bytes, sums_missing_);
    const std::size_t kept = std::min(ready, sums_kept_max() - sums.weak.size());
    for (std::size_t i = 0; i < kept; ++i) {
        sums.weak.push_back(static_cast<std::uint32_t>(*in.i32()));
        const auto strong = *in.take(sums.strong_bytes);
        sums.strong.insert(sums.strong.end(), strong.begin(), strong.end());
    }
    sums_missing_ -= ready;
    at_ += ready * sum_bytes;
}

void RequestDecoder::drop_taken()
{
    // Half of it at least: moving the rest down then costs no more than having read what goes.
    const bool worth_it = at_ >= drop_bytes && at_ >= buffer_.size() / 2;
    if (at_ != buffer_.size() && !worth_it) return;
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(at_));
    at_ = 0;
}

}  // namespace lockstep::transport
