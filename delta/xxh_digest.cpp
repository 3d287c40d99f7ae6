#include "delta/xxh_digest.h"

#define XXH_STATIC_LINKING_ONLY  // the states' sizes
#ifdef __x86_64__
#include <xxh_x86dispatch.h>  // what XXH3 is called becomes what chooses by the processor
#else
#include <xxhash.h>
#endif

#include <bit>

namespace lockstep::delta {
namespace {

// Low words first, and of each its low byte.
XxhSum on_wire(std::uint64_t low, std::uint64_t high)
{
    std::array<std::uint64_t, 2> words{low, high};
    if constexpr (std::endian::native == std::endian::big)
        for (std::uint64_t& word : words) word = __builtin_bswap64(word);
    return std::bit_cast<XxhSum>(words);
}

}  // namespace

XxhSum xxh_of(XxhKind kind, std::uint64_t seed, std::span<const std::byte> bytes)
{
    switch (kind) {
        case XxhKind::xxh64:
            return on_wire(XXH64(bytes.data(), bytes.size(), seed), 0);
        case XxhKind::xxh3:
            return on_wire(XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed), 0);
        case XxhKind::xxh128:
            break;
    }
    const XXH128_hash_t sum = XXH3_128bits_withSeed(bytes.data(), bytes.size(), seed);
    return on_wire(sum.low64, sum.high64);
}

// Only one of the two is used; XXH3's wants its own alignment, which `new` honours.
struct XxhDigest::State {
    XXH64_state_t xxh64;
    XXH3_state_t xxh3;
};

XxhDigest::XxhDigest(XxhKind kind) : kind_(kind), state_(std::make_unique<State>())
{
    start();
}

XxhDigest::~XxhDigest() = default;
XxhDigest::XxhDigest(XxhDigest&&) noexcept = default;
XxhDigest& XxhDigest::operator=(XxhDigest&&) noexcept = default;

void XxhDigest::start()
{
    switch (kind_) {
        case XxhKind::xxh64:
            XXH64_reset(&state_->xxh64, 0);
            break;
        case XxhKind::xxh3:
            XXH3_64bits_reset(&state_->xxh3);
            break;
        case XxhKind::xxh128:
            XXH3_128bits_reset(&state_->xxh3);
            break;
    }
}

void XxhDigest::update(std::span<const std::byte> bytes)
{
    if (bytes.empty()) return;  // xxHash takes a null pointer for an error
    switch (kind_) {
        case XxhKind::xxh64:
            XXH64_update(&state_->xxh64, bytes.data(), bytes.size());
            break;
        case XxhKind::xxh3:
            XXH3_64bits_update(&state_->xxh3, bytes.data(), bytes.size());
            break;
        case XxhKind::xxh128:
            XXH3_128bits_update(&state_->xxh3, bytes.data(), bytes.size());
            break;
    }
}

XxhSum XxhDigest::finish()
{
    XxhSum sum{};
    switch (kind_) {
        case XxhKind::xxh64:
            sum = on_wire(XXH64_digest(&state_->xxh64), 0);
            break;
        case XxhKind::xxh3:
            sum = on_wire(XXH3_64bits_digest(&state_->xxh3), 0);
            break;
        case XxhKind::xxh128: {
            const XXH128_hash_t whole = XXH3_128bits_digest(&state_->xxh3);
            sum = on_wire(whole.low64, whole.high64);
            break;
        }
    }
    start();
    return sum;
}

}  // namespace lockstep::delta
