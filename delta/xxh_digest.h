// The xxHash family in the protocol's byte orders: one-shot with a seed, and streaming without.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace lockstep::delta {

enum class XxhKind { xxh64, xxh3, xxh128 };

// xxh64 and xxh3 fill the first 8 bytes, as one little-endian word; xxh128 its low word, then its
// high one (PROTOCOL.md 15.3).
using XxhSum = std::array<std::byte, 16>;

XxhSum xxh_of(XxhKind kind, std::uint64_t seed, std::span<const std::byte> bytes);

// finish() ends one message and starts the next.
class XxhDigest {
public:
    explicit XxhDigest(XxhKind kind);
    ~XxhDigest();
    XxhDigest(XxhDigest&&) noexcept;
    XxhDigest& operator=(XxhDigest&&) noexcept;

    void update(std::span<const std::byte> bytes);
    XxhSum finish();

private:
    struct State;
    void start();

    XxhKind kind_;
    std::unique_ptr<State> state_;
};

}  // namespace lockstep::delta
