// How fast a line is, and whether to compress for it: pure, the kernel's figures are passed in.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace lockstep::transport {

// What the kernel knows of a connection (TCP_INFO).
struct LineFigures {
    std::uint64_t acked_bytes = 0;
    std::chrono::microseconds busy{0};              // something of ours was under way
    std::chrono::microseconds receiver_limited{0};  // of this, the receiver had no room for more
    std::chrono::microseconds round_trip{0};        // the shortest seen
    std::uint64_t delivered_per_second = 0;         // bytes, as last seen when enough was under way
    bool operator==(const LineFigures&) const = default;
};

// What is learnt of the line to one destination, for `compress: auto`.
//
// Compressing pays where the line is slower than the compressor: then it costs no time even for
// what does not shrink. Time in which the receiver had no room is not the line's: its disk gets the
// same bytes either way, and would have to unpack them. Nor is that in which a machine that is too
// busy let an answer wait: what the line was seen to deliver tells. Before enough has been sent to
// tell, a destination that is far away counts as slow. Nothing here is measured on what little
// changes send.
//
// Shared by all sessions of a destination; not thread-safe.
class LinkSpeed {
public:
    static constexpr double compresses_below = 40e6;  // bytes per second
    static constexpr double stops_above = 60e6;       // between the two it stays as it is
    static constexpr std::uint64_t measured_bytes_min = 512 * 1024;
    static constexpr std::chrono::microseconds far_round_trip{2000};

    // `limit`: bytes per second that we may send at most; none: as it goes.
    explicit LinkSpeed(std::optional<std::uint64_t> limit = std::nullopt) : limit_(limit)
    {
        if (limit_) choose(static_cast<double>(*limit_));
    }

    // A connection was made: `figures` are those of its first round trip.
    void opened(const LineFigures& figures);

    // A session is over: `figures` are those of all of it.
    void learn(const LineFigures& figures);

    // It does not compress, and nobody knows whether it should.
    bool guesses() const noexcept { return !compresses_ && !measured(); }

    // Of the next session. Not before opened().
    bool compresses() const noexcept { return compresses_; }

    // Bytes per second, the later sessions counting most; none before enough was sent.
    std::optional<double> measured() const noexcept;

private:
    void choose(double bytes_per_second) noexcept;

    std::optional<std::uint64_t> limit_;
    double bytes_ = 0;
    double seconds_ = 0;
    bool compresses_ = false;
    bool known_ = false;  // by limit, measure or distance
};

}  // namespace lockstep::transport
