// What the generator asks for, decoded from its data stream (PROTOCOL.md 14, 15.1).
#pragma once

#include "delta/block_sums.h"
#include "transport/wire.h"

#include <variant>

namespace lockstep::transport {

constexpr std::uint16_t iflag_xattr = 0x0100;
constexpr std::uint16_t iflag_basis_type = 0x0800;
constexpr std::uint16_t iflag_name = 0x1000;
constexpr std::uint16_t iflag_is_new = 0x2000;
constexpr std::uint16_t iflag_local_change = 0x4000;
constexpr std::uint16_t iflag_transfer = 0x8000;
constexpr std::uint8_t basis_partial = 0x81;  // the basis type: of --partial-dir

struct Request {
    std::int32_t ndx = 0;
    std::uint16_t iflags = 0;
    std::uint8_t basis_type = 0x80;
    std::string name;                         // with iflag_name
    std::vector<std::int32_t> xattrs_wanted;  // 1-based attribute numbers, absolute
    bool xattr_list = false;  // the request carried such a list (the echo carries one too)
    delta::BlockSums sums;    // with iflag_transfer; its vectors may be cut, see RequestDecoder
    bool wants_transfer() const noexcept { return (iflags & iflag_transfer) != 0; }
};
struct Done {};
struct DelStats {
    std::uint64_t files = 0;
    std::uint64_t dirs = 0;
    std::uint64_t symlinks = 0;
    std::uint64_t devices = 0;
    std::uint64_t specials = 0;
};
using GeneratorItem = std::variant<Request, Done, DelStats>;

struct RequestForm {
    int protocol = 32;
    bool xattrs = false;
    bool avoid_xattr_optim = true;         // compat AVOID_XATTR_OPTIM
    bool append = false;                   // no sums follow a head before the redo phase (16.8)
    std::int32_t entries = 0;              // indices from 0 to this are legal
    std::size_t strong_bytes_max = 16;     // of the negotiated digest
    std::uint64_t largest_file_bytes = 0;  // of the list
};

// feed() what the demux gives, then take next() until none. Throws Error(protocol, retry) on an
// index that the list has not, a block length outside 1..2^29, more blocks than any file can have,
// a name or a list of xattrs longer than allowed. Memory: what was fed and not taken, at most one
// request beyond. Of its sums those are kept that a file of the list can match in order, or
// `sums_bytes_max` if that is more; what lies behind them in the basis is sent as new.
class RequestDecoder {
public:
    static constexpr std::size_t sums_bytes_max = 8 * 1024 * 1024;

    explicit RequestDecoder(RequestForm form) : form_(form), ndx_(form.protocol) {}

    void feed(std::span<const std::byte> bytes);
    std::optional<GeneratorItem> next();

    // Bytes fed and not yet taken.
    std::size_t buffered_bytes() const noexcept { return buffer_.size() - at_; }

private:
    // The head of the next item: none when more bytes are needed. Of a request without sums it is
    // all.
    std::optional<GeneratorItem> next_head();
    std::size_t sums_kept_max() const noexcept;
    void take_sums();
    bool sums_follow() const noexcept { return !form_.append || redo_; }
    void drop_taken();

    RequestForm form_;
    NdxReader ndx_;
    Bytes buffer_;
    std::size_t at_ = 0;
    bool redo_ = false;            // the first phase is over
    std::optional<Request> open_;  // header read, sums outstanding
    std::size_t sums_missing_ = 0;
};

}  // namespace lockstep::transport
