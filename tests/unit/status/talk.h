// A keep-alive conversation with a server, byte by byte where a test wants that.
#pragma once

#include "base/fd.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace lockstep::status {

struct TalkReply {
    int status = 0;  // 0: the server hung up, or said nothing in time
    std::string head;
    std::string body;
};

class Talk {
public:
    explicit Talk(Fd fd) : fd_(std::move(fd)) {}
    explicit Talk(const std::string& socket);  // throws when nobody listens

    bool say(std::string_view bytes);
    // The next response with its body, as Content-Length says (none: of a HEAD).
    TalkReply hear(bool head_only = false);
    // Reads until `text` has come; false when the server hangs up or is silent for too long.
    bool hear_until(std::string_view text);
    // True when the server hangs up, whatever it says before.
    bool hear_the_end();
    TalkReply ask(std::string_view request);

    // Everything heard and not yet taken by hear().
    const std::string& heard() const noexcept { return heard_; }

private:
    bool more();

    Fd fd_;
    std::string heard_;
    bool ended_ = false;
};

std::string get(const std::string& target);
std::string post(const std::string& target, const std::string& body = "");

}  // namespace lockstep::status
