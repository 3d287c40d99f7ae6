// One direction of a proxied connection: bytes wait here until they are due.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

namespace lockstep::testing {

// What holds for this direction at the moment.
struct Terms {
    std::chrono::milliseconds delay{0};
    std::chrono::milliseconds first_byte_delay{0};
    std::optional<std::uint64_t> bytes_max{};  // the connection is cut when they are through
    std::optional<std::uint64_t> bytes_per_second{};
    std::optional<std::string> first_line{};  // in place of the source's
    std::optional<std::string> hold_after{};  // which the source says in one piece
};

// Both sockets are non-blocking. Buffers 1 MiB, or 64 where bytes are held back on purpose.
class Direction {
public:
    bool wants_to_read(const Terms& terms) const;
    bool blocked() const { return blocked_ && !waiting_.empty(); }  // the sink takes nothing
    // False when the source is gone for good; an orderly end is passed on by send().
    bool receive(int source, const Terms& terms);
    // Sends what is due; false when the sink is gone.
    bool send(int sink, const Terms& terms);

    // Lets go what waits because of hold_after.
    void release() { held_ = false; }

    bool finished() const { return shut_; }
    bool used_up(const Terms& terms) const;  // bytes_max are through
    std::uint64_t received() const { return received_; }
    // How long until something can happen here without an event.
    std::chrono::milliseconds rest(const Terms& terms) const;

private:
    using Clock = std::chrono::steady_clock;
    struct Piece {
        Clock::time_point due;
        std::string bytes;
        std::size_t sent = 0;
        bool behind_hold = false;
    };

    void split_off_held(const std::string& text);
    void refill(const Terms& terms);
    void replace_first_line(std::string& bytes, const std::string& line);

    std::deque<Piece> waiting_;
    std::size_t queued_bytes_ = 0;
    std::uint64_t received_ = 0;
    Clock::time_point held_until_;
    Clock::time_point refilled_at_ = Clock::now();
    std::size_t allowance_bytes_ = 0;
    bool line_replaced_ = false;
    bool hold_seen_ = false;
    bool held_ = false;
    bool ended_ = false;
    bool shut_ = false;
    bool blocked_ = false;
};

}  // namespace lockstep::testing
