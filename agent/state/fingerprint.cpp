#include "agent/state/fingerprint.h"

namespace lockstep::state {
namespace {

// A tick is 10 ms at most (CONFIG_HZ=100).
constexpr std::uint64_t tick_ns = 10'000'000;

template <class Number>
void put(std::string& bytes, Number number)
{
    for (std::size_t i = 0; i < sizeof number; ++i)
        bytes.push_back(static_cast<char>(number >> (8 * i)));
}

template <class Number>
Number take(std::string_view& bytes)
{
    Number number = 0;
    for (std::size_t i = 0; i < sizeof number; ++i)
        number |= static_cast<Number>(static_cast<Number>(static_cast<unsigned char>(bytes[i]))
                                      << (8 * i));
    bytes.remove_prefix(sizeof number);
    return number;
}

}  // namespace

bool Fingerprint::proves(const Fingerprint& now) const
{
    if (racy) return false;
    Fingerprint same = now;
    same.racy = false;
    return *this == same;
}

std::uint64_t nanoseconds(const timespec& time) noexcept
{
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
           static_cast<std::uint64_t>(time.tv_nsec);
}

timespec time_of_look()
{
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME_COARSE, &now);  // the clock that files are stamped with
    return now;
}

bool looks_equal(const Fingerprint& a, const Fingerprint& b) noexcept
{
    return S_ISREG(a.mode) && S_ISREG(b.mode) && a.size == b.size && a.mtime_ns == b.mtime_ns;
}

Fingerprint fingerprint_of(const struct stat& status, const timespec& looked_at)
{
    Fingerprint seen;
    seen.mode = status.st_mode;
    seen.uid = status.st_uid;
    seen.gid = status.st_gid;
    seen.size = static_cast<std::uint64_t>(status.st_size);
    seen.inode = status.st_ino;
    seen.mtime_ns = nanoseconds(status.st_mtim);
    seen.ctime_ns = nanoseconds(status.st_ctim);
    // A ctime in the future (a clock that was put back) is as little proof as one of this tick.
    const std::uint64_t now = nanoseconds(looked_at);
    seen.racy = seen.ctime_ns + tick_ns >= now;
    return seen;
}

std::string packed(const Fingerprint& fingerprint)
{
    std::string bytes;
    bytes.reserve(packed_bytes);
    bytes.push_back(fingerprint.racy ? '\1' : '\0');
    put(bytes, fingerprint.mode);
    put(bytes, fingerprint.uid);
    put(bytes, fingerprint.gid);
    put(bytes, fingerprint.size);
    put(bytes, fingerprint.inode);
    put(bytes, fingerprint.mtime_ns);
    put(bytes, fingerprint.ctime_ns);
    return bytes;
}

std::optional<Fingerprint> unpacked(std::string_view bytes)
{
    if (bytes.size() != packed_bytes) return std::nullopt;
    Fingerprint fingerprint;
    fingerprint.racy = bytes.front() != '\0';
    bytes.remove_prefix(1);
    fingerprint.mode = take<std::uint32_t>(bytes);
    fingerprint.uid = take<std::uint32_t>(bytes);
    fingerprint.gid = take<std::uint32_t>(bytes);
    fingerprint.size = take<std::uint64_t>(bytes);
    fingerprint.inode = take<std::uint64_t>(bytes);
    fingerprint.mtime_ns = take<std::uint64_t>(bytes);
    fingerprint.ctime_ns = take<std::uint64_t>(bytes);
    return fingerprint;
}

}  // namespace lockstep::state
