#include "delta/strong_sum.h"

#include "delta/evp_digest.h"
#include "delta/md4.h"
#include "delta/xxh_digest.h"

#include <algorithm>
#include <type_traits>
#include <utility>
#include <variant>

namespace lockstep::delta {
namespace {

struct Known {
    Digest digest;
    std::string_view name;
    std::size_t bytes;
};

constexpr std::array<Known, 7> known = {{
    {Digest::none, "none", 1},
    {Digest::md4, "md4", 16},
    {Digest::md5, "md5", 16},
    {Digest::sha1, "sha1", 20},
    {Digest::xxh64, "xxh64", 8},
    {Digest::xxh3, "xxh3", 8},
    {Digest::xxh128, "xxh128", 16},
}};

const Known& entry(Digest digest)
{
    return known[static_cast<std::size_t>(digest)];
}

std::array<std::byte, 4> seed_bytes(std::int32_t seed)
{
    const auto bits = static_cast<std::uint32_t>(seed);
    return {static_cast<std::byte>(bits), static_cast<std::byte>(bits >> 8),
            static_cast<std::byte>(bits >> 16), static_cast<std::byte>(bits >> 24)};
}

// `none` is the empty alternative: it looks at nothing and its sum is one zero byte.
using Streaming = std::variant<std::monostate, Md4, EvpDigest, XxhDigest>;

Streaming make_streaming(Digest digest)
{
    switch (digest) {
        case Digest::none:
            break;
        case Digest::md4:
            return Md4();
        case Digest::md5:
            return EvpDigest(EvpDigest::Algorithm::md5);
        case Digest::sha1:
            return EvpDigest(EvpDigest::Algorithm::sha1);
        case Digest::xxh64:
            return XxhDigest(XxhKind::xxh64);
        case Digest::xxh3:
            return XxhDigest(XxhKind::xxh3);
        case Digest::xxh128:
            return XxhDigest(XxhKind::xxh128);
    }
    return {};
}

void update(Streaming& streaming, std::span<const std::byte> bytes)
{
    std::visit(
        [&](auto& digest) {
            if constexpr (!std::is_same_v<decltype(digest), std::monostate&>) digest.update(bytes);
        },
        streaming);
}

Sum finish(Streaming& streaming)
{
    Sum sum{};
    if (auto* evp = std::get_if<EvpDigest>(&streaming)) {
        evp->finish(sum);
    } else if (auto* md4 = std::get_if<Md4>(&streaming)) {
        std::ranges::copy(md4->finish(), sum.begin());
    } else if (auto* xxh = std::get_if<XxhDigest>(&streaming)) {
        std::ranges::copy(xxh->finish(), sum.begin());
    }
    return sum;
}

}  // namespace

std::optional<Digest> digest_from_name(std::string_view name)
{
    if (name == "xxhash") return Digest::xxh64;  // its name before there were several
    for (const Known& one : known)
        if (one.name == name) return one.digest;
    return std::nullopt;
}

std::string_view name_of(Digest digest) noexcept
{
    return entry(digest).name;
}

std::size_t digest_bytes(Digest digest) noexcept
{
    return entry(digest).bytes;
}

struct BlockDigest::State {
    std::optional<XxhKind> xxh;  // has no context: one-shot
    std::uint64_t hash_seed = 0;
    Streaming streaming;
    std::array<std::byte, 4> seed{};
    bool seed_before = false;
    bool seed_after = false;
};

BlockDigest::BlockDigest(Digest digest, std::int32_t seed, SeedPlace place)
    : state_(std::make_unique<State>())
{
    switch (digest) {
        case Digest::xxh64:
            state_->xxh = XxhKind::xxh64;
            break;
        case Digest::xxh3:
            state_->xxh = XxhKind::xxh3;
            break;
        case Digest::xxh128:
            state_->xxh = XxhKind::xxh128;
            break;
        default:
            state_->streaming = make_streaming(digest);
    }
    // Sign-extended from 32 to 64 bits (PROTOCOL.md 15.3). xxHash has no other place for a seed.
    state_->hash_seed = static_cast<std::uint64_t>(std::int64_t{seed});
    state_->seed = seed_bytes(seed);
    state_->seed_before = seed != 0 && place == SeedPlace::before;
    state_->seed_after = seed != 0 && place == SeedPlace::after;
}

BlockDigest::~BlockDigest() = default;
BlockDigest::BlockDigest(BlockDigest&&) noexcept = default;
BlockDigest& BlockDigest::operator=(BlockDigest&&) noexcept = default;

Sum BlockDigest::of(std::span<const std::byte> block)
{
    State& s = *state_;
    if (s.xxh) {
        Sum sum{};
        std::ranges::copy(xxh_of(*s.xxh, s.hash_seed, block), sum.begin());
        return sum;
    }
    if (s.seed_before) update(s.streaming, s.seed);
    update(s.streaming, block);
    if (s.seed_after) update(s.streaming, s.seed);
    return finish(s.streaming);
}

struct FileDigest::State {
    Streaming streaming;
};

FileDigest::FileDigest(Digest digest, std::optional<std::int32_t> seed_first)
    : state_(std::make_unique<State>())
{
    state_->streaming = make_streaming(digest);
    if (seed_first) update(seed_bytes(*seed_first));  // even 0, unlike a block's
}

FileDigest::~FileDigest() = default;
FileDigest::FileDigest(FileDigest&&) noexcept = default;
FileDigest& FileDigest::operator=(FileDigest&&) noexcept = default;

void FileDigest::update(std::span<const std::byte> bytes)
{
    delta::update(state_->streaming, bytes);
}

Sum FileDigest::finish()
{
    return delta::finish(state_->streaming);
}

}  // namespace lockstep::delta
