#include "tests/support/proxy_direction.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace lockstep::testing {

using std::chrono::milliseconds;

namespace {

constexpr std::size_t queue_bytes_max = std::size_t{1} << 20;
constexpr std::size_t delayed_bytes_max = std::size_t{64} << 20;
constexpr std::uint64_t read_bytes_max = 65536;

}  // namespace

bool Direction::wants_to_read(const Terms& terms) const
{
    const bool held_back = terms.delay.count() > 0 || terms.first_byte_delay.count() > 0;
    return !ended_ && received_ < terms.bytes_max.value_or(UINT64_MAX) &&
           queued_bytes_ < (held_back ? delayed_bytes_max : queue_bytes_max);
}

bool Direction::receive(int source, const Terms& terms)
{
    const std::uint64_t room = terms.bytes_max.value_or(UINT64_MAX) - received_;
    std::string bytes(std::min(read_bytes_max, room), '\0');
    const ssize_t n = ::recv(source, bytes.data(), bytes.size(), 0);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    if (n == 0) {
        ended_ = true;
        return true;
    }
    bytes.resize(static_cast<std::size_t>(n));
    const Clock::time_point now = Clock::now();
    if (received_ == 0) held_until_ = now + terms.first_byte_delay;
    received_ += bytes.size();
    if (terms.first_line && !line_replaced_) replace_first_line(bytes, *terms.first_line);
    queued_bytes_ += bytes.size();
    waiting_.push_back({std::max(now + terms.delay, held_until_), std::move(bytes), 0, held_});
    if (terms.hold_after && !hold_seen_) split_off_held(*terms.hold_after);
    return true;
}

void Direction::split_off_held(const std::string& text)
{
    Piece& piece = waiting_.back();
    const std::size_t found = piece.bytes.find(text);
    if (found == std::string::npos) return;
    hold_seen_ = held_ = true;
    const std::size_t end = found + text.size();
    Piece rest{piece.due, piece.bytes.substr(end), 0, true};
    piece.bytes.resize(end);
    if (!rest.bytes.empty()) waiting_.push_back(std::move(rest));
}

// Until its end has come nothing of the source's line goes on.
void Direction::replace_first_line(std::string& bytes, const std::string& line)
{
    const std::size_t end = bytes.find('\n');
    line_replaced_ = end != std::string::npos;
    if (line_replaced_)
        bytes.replace(0, end, line);
    else
        bytes.clear();
}

bool Direction::send(int sink, const Terms& terms)
{
    refill(terms);
    const Clock::time_point now = Clock::now();
    while (!waiting_.empty() && waiting_.front().due <= now) {
        Piece& piece = waiting_.front();
        if (held_ && piece.behind_hold) return true;
        std::size_t length = piece.bytes.size() - piece.sent;
        if (terms.bytes_per_second) length = std::min(length, allowance_bytes_);
        if (length == 0) return true;
        const ssize_t n = ::send(sink, piece.bytes.data() + piece.sent, length, MSG_NOSIGNAL);
        blocked_ = n < 0 && errno == EAGAIN;
        if (n < 0) return blocked_ || errno == EINTR;
        piece.sent += static_cast<std::size_t>(n);
        queued_bytes_ -= static_cast<std::size_t>(n);
        if (terms.bytes_per_second) allowance_bytes_ -= static_cast<std::size_t>(n);
        if (piece.sent == piece.bytes.size()) waiting_.pop_front();
    }
    if (ended_ && waiting_.empty() && !shut_) {
        ::shutdown(sink, SHUT_WR);
        shut_ = true;
    }
    return true;
}

bool Direction::used_up(const Terms& terms) const
{
    return terms.bytes_max && received_ >= *terms.bytes_max && waiting_.empty();
}

milliseconds Direction::rest(const Terms& terms) const
{
    if (waiting_.empty() || blocked_ || (held_ && waiting_.front().behind_hold))
        return milliseconds(1000);
    if (terms.bytes_per_second && waiting_.front().due <= Clock::now()) return milliseconds(5);
    const auto left = std::chrono::duration_cast<milliseconds>(waiting_.front().due - Clock::now());
    return std::clamp(left + milliseconds(1), milliseconds(0), milliseconds(1000));
}

// A bucket of 20 ms, at least one byte, so that slow lines drip.
void Direction::refill(const Terms& terms)
{
    const Clock::time_point now = Clock::now();
    if (!terms.bytes_per_second) {
        refilled_at_ = now;
        return;
    }
    const double rate = static_cast<double>(*terms.bytes_per_second);
    const double seconds = std::chrono::duration<double>(now - refilled_at_).count();
    const auto earned = static_cast<std::size_t>(seconds * rate);
    if (earned == 0) return;
    refilled_at_ = now;
    allowance_bytes_ = std::min(allowance_bytes_ + earned, static_cast<std::size_t>(rate / 50) + 1);
}

}  // namespace lockstep::testing
