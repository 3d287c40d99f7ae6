// Finds the basis' blocks in a new file that is fed in pieces: bytes in, tokens out.
#pragma once

#include "delta/block_sums.h"
#include "delta/strong_sum.h"
#include "delta/token.h"

#include <functional>
#include <memory>

namespace lockstep::delta {

// The tokens, applied to the basis, give exactly the bytes fed (checked by property). Any cutting of the
// file into feeds gives an equally right result. With count 0 everything is literal.
//
// Cost: O(1) a byte while nothing matches, memory speed while everything does; candidates of equal weak
// sum are bounded, so a basis of equal blocks does not make it quadratic. The block that follows the last
// match is tried first. Memory: a window of at least one block and one feed.
class Matcher {
public:
    using Sink = std::function<void(const Token&)>;  // literal spans are valid during the call only

    // `sums` must outlive the matcher; its lengths have been checked by the caller (block_bytes > 0).
    Matcher(const BlockSums& sums, BlockDigest& digest);
    ~Matcher();

    void feed(std::span<const std::byte> bytes, const Sink& sink);
    void finish(const Sink& sink);

    std::uint64_t literal_bytes() const noexcept;
    std::uint64_t matched_bytes() const noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace lockstep::delta
