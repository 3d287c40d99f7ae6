// The digests of the protocol: of a block (seeded, truncated by the caller) and of a whole file.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace lockstep::delta {

enum class Digest { none, md4, md5, sha1, xxh64, xxh3, xxh128 };

// As on the wire: "xxh128", "xxhash" is xxh64. None for a name we do not know.
std::optional<Digest> digest_from_name(std::string_view name);
std::string_view name_of(Digest digest) noexcept;
std::size_t digest_bytes(Digest digest) noexcept;  // none: 1

// Where the seed goes into a block sum (PROTOCOL.md 15.3).
enum class SeedPlace { before, after, hash_seed };

using Sum = std::array<std::byte, 20>;  // the first digest_bytes() count

// A reusable function object: block sums of one session. Not thread-safe (holds a context).
class BlockDigest {
public:
    BlockDigest(Digest digest, std::int32_t seed, SeedPlace place);
    ~BlockDigest();
    BlockDigest(BlockDigest&&) noexcept;
    BlockDigest& operator=(BlockDigest&&) noexcept;
    Sum of(std::span<const std::byte> block);

private:
    struct State;
    std::unique_ptr<State> state_;
};

// Streaming digest over a whole file. `seed_first` is the old md4 of protocols 27..29.
class FileDigest {
public:
    explicit FileDigest(Digest digest, std::optional<std::int32_t> seed_first = std::nullopt);
    ~FileDigest();
    FileDigest(FileDigest&&) noexcept;
    FileDigest& operator=(FileDigest&&) noexcept;
    void update(std::span<const std::byte> bytes);
    Sum finish();

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace lockstep::delta
