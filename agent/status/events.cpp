#include "agent/status/events.h"

#include "agent/status/utf8.h"

#include <utility>

namespace lockstep::status {

std::string render(const EventLine& line)
{
    std::string out = "event: ";
    for (const char c : as_utf8(line.type))
        if (c != '\n' && c != '\r') out += c;
    out += "\ndata: ";
    for (const char c : as_utf8(line.data)) {
        if (c == '\r') continue;
        out += c;
        if (c == '\n') out += "data: ";
    }
    out += "\n\n";
    return out;
}

void EventQueue::push(std::shared_ptr<const std::string> rendered)
{
    if (lines_.size() == lines_max_) {
        lines_.pop_front();
        ++dropped_;
    }
    lines_.push_back(std::move(rendered));
}

std::string EventQueue::take()
{
    std::string out;
    if (dropped_ > 0) out = ": " + std::to_string(dropped_) + " events dropped\n\n";
    dropped_ = 0;
    for (const auto& line : lines_) out += *line;
    lines_.clear();
    return out;
}

}  // namespace lockstep::status
