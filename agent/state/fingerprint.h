// How an object of the source looked when its state was read: equal fingerprints, equal state.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace lockstep::state {

// Any change of content or attributes changes the ctime, so a fingerprint tells it even where size
// and mtime were put back. Not within one tick of the kernel's clock: what was read that soon after
// its ctime is *racy*, and never trusted to be unchanged.
//
// Times are nanoseconds since 1970 modulo 2^64: they are only compared.
struct Fingerprint {
    std::uint32_t mode = 0;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::uint64_t size = 0;
    std::uint64_t inode = 0;
    std::uint64_t mtime_ns = 0;
    std::uint64_t ctime_ns = 0;
    bool racy = false;
    bool operator==(const Fingerprint&) const = default;

    bool is_directory() const noexcept { return (mode & S_IFMT) == S_IFDIR; }
    // The same state, for sure.
    bool proves(const Fingerprint& now) const;
};

// Two regular files that a receiver would take for the same.
bool looks_equal(const Fingerprint& a, const Fingerprint& b) noexcept;

// `looked_at`: the realtime clock before the object was looked at.
Fingerprint fingerprint_of(const struct stat& status, const timespec& looked_at);
timespec time_of_look();
std::uint64_t nanoseconds(const timespec& time) noexcept;  // as above

// The form it is stored in: packed_bytes bytes, the first of which says racy.
constexpr std::size_t packed_bytes = 45;
std::string packed(const Fingerprint& fingerprint);
std::optional<Fingerprint> unpacked(std::string_view bytes);  // none: not of that form

}  // namespace lockstep::state
