// GET /v1/events: server-sent events, and one subscriber's bounded queue of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>

namespace lockstep::status {

// A line of GET /v1/events: published by the agent from any thread, sent to every subscriber; a
// slow subscriber loses the oldest lines, never delays anybody.
struct EventLine {
    std::string type;  // "change", "send", "error", "state"
    std::string data;  // one JSON object, without newline
};

// "event: TYPE\ndata: DATA\n\n". A line break in `data` begins a further data line, as the format
// wants it; one in `type` is dropped: neither can forge another event.
std::string render(const EventLine& line);

// A comment: keeps proxies from hanging up, and finds out that the peer is gone.
inline constexpr const char* heartbeat = ": alive\n\n";

// What a subscriber has not been sent yet: at most `lines_max` rendered lines, shared among all
// subscribers; the oldest make room. Not thread-safe.
class EventQueue {
public:
    explicit EventQueue(std::size_t lines_max) : lines_max_(lines_max) {}

    void push(std::shared_ptr<const std::string> rendered);
    bool empty() const noexcept { return lines_.empty(); }

    // Everything queued, as text to send; where lines were lost, a comment says how many.
    std::string take();

private:
    std::size_t lines_max_;
    std::deque<std::shared_ptr<const std::string>> lines_;
    std::uint64_t dropped_ = 0;  // since the last take
};

}  // namespace lockstep::status
