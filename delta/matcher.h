// Finds the basis' blocks in a new file that is fed in pieces: bytes in, tokens out.
#pragma once

#include "delta/block_sums.h"
#include "delta/strong_sum.h"
#include "delta/token.h"

#include <functional>
#include <memory>

namespace lockstep::delta {

// The tokens, applied to the basis, give exactly the bytes fed (checked by property). Any cutting
// of the file into feeds gives an equally right result. With count 0 everything is literal.
//
// Literals come in pieces of at most literal_bytes_max. Blocks that follow each other in the basis
// and in the file come as one run, up to run_bytes_max: the receiver copies them while we read on,
// so it must not wait for the end of a large unchanged file. The block that follows the last match
// is tried first.
//
// Where the receiver writes over the basis (Basis::overwritten) a block is taken only while it is
// there: none that begins before the place it is copied to (PROTOCOL.md 16.8). What has not moved
// is found first; of equal blocks the last is known, which is there longest.
//
// Cost: O(1) a byte while nothing matches, memory speed while everything does. It stays linear for
// a basis of equal blocks (BlockTable) and for a peer that sends weak sums without their blocks: at
// most one strong sum a position, and those that match nothing hash at most vain_bytes_per_byte_max
// times the file. Past that a position is a literal unseen.
//
// Memory: the table (BlockTable) and a window of at most 2 * block_bytes + 256 KiB, which grows
// only as far as the file is long.
//
// The caller has checked what came from a peer: block_bytes in its protocol's range (131072; 2^29
// before protocol 30), strong_bytes not above the digest's. Sums that cannot be used (either of
// them 0, strong_bytes above 20, vectors shorter than `count`) are not: the rest of the file is
// literal.
class Matcher {
public:
    using Sink = std::function<void(const Token&)>;  // spans are valid during the call only

    static constexpr std::size_t literal_bytes_max = 32 * 1024;
    static constexpr std::uint64_t run_bytes_max =
        1024 * 1024;  // and what it takes to fill a block
    static constexpr std::uint64_t vain_bytes_per_byte_max = 32;

    // `keep`: tokens carry Token::matched, for codecs with needs_matched_bytes(); runs then end
    // with the bytes at hand.
    enum class MatchedBytes { drop, keep };

    enum class Basis { kept, overwritten };

    // `sums` must outlive the matcher.
    Matcher(const BlockSums& sums, BlockDigest& digest, MatchedBytes matched = MatchedBytes::drop,
            Basis basis = Basis::kept);
    ~Matcher();

    // Where the next bytes may be put before they are fed: feed() need not copy what begins there.
    // At least one byte where any are wanted, at most `wanted`; until the next call of either.
    std::span<std::byte> room(std::size_t wanted);
    void feed(std::span<const std::byte> bytes, const Sink& sink);
    void finish(const Sink& sink);

    std::uint64_t literal_bytes() const noexcept;
    std::uint64_t matched_bytes() const noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace lockstep::delta
